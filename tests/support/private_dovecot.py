"""A private Dovecot 2.3 submission server on a free loopback port, for OAuth 2 access tokens: see private_server.py.

It demands STARTTLS and AUTH by XOAUTH2 or OAUTHBEARER, asks `tokens` about each token (RFC 7662), and relays what it takes to the server on
`relay_port`. `tokens` is an Introspection: what is in its set `active` is good.
"""
import http.server
import json
import threading
import urllib.parse

from private_server import PrivateServer

CONFIGURATION = """
protocols = submission
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
auth_verbose = yes
auth_failure_delay = 0
listen = 127.0.0.1
hostname = dovecot.example.test
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
auth_mechanisms = xoauth2 oauthbearer
mail_location = maildir:{folder}/mail
mail_max_userip_connections = 100
submission_relay_host = 127.0.0.1
submission_relay_port = {relay_port}
submission_max_mail_size = 64M
service submission-login {{
  chroot =
  inet_listener submission {{
    port = {port}
  }}
  inet_listener submissions {{
    port = 0
  }}
}}
# No delays for an address that failed before: they are what Dovecot does with passwords.
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={folder}/mail
}}
"""

OAUTH2_CONFIGURATION = """
introspection_mode = post
introspection_url = http://127.0.0.1:{tokens_port}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


class Introspection:
    """Says of each token whether it is good (RFC 7662), to anybody who asks; counts the questions."""

    def __init__(self, username):
        self.username, self.active, self.questions = username, set(), 0

    def __enter__(self):
        introspection = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                token = urllib.parse.parse_qs(body)["token"][0]
                introspection.questions += 1
                is_active = token in introspection.active
                answer = {"active": True, "username": introspection.username} if is_active else {"active": False}
                content = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class PrivateDovecot(PrivateServer):
    name = "dovecot"

    def __init__(self, pki, relay_port, tokens_port):
        super().__init__(pki)
        self.values = {"relay_port": relay_port, "tokens_port": tokens_port}

    def write_files(self):
        for name in ("run", "state"):
            self.make_folder(name)
        self.take_certificate(0)
        values = {**self.values, "folder": self.folder, "port": self.port}
        self.write("dovecot.conf", CONFIGURATION.format(**values))
        self.write("oauth2.conf", OAUTH2_CONFIGURATION.format(**values))

    def words(self):
        return ["/usr/sbin/dovecot", "-c", self.path("dovecot.conf"), "-F"]

    def log_files(self):
        return ["output", "log"]
