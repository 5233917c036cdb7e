"""A private Exim 4.96 on a free loopback port: see private_server.py.

STARTTLS with the test CA's server certificate; AUTH (user "bus", password "secret") by PLAIN, LOGIN and CRAM-MD5, only inside TLS, and no
mail without it. It takes every recipient @example.test into one Maildir, but reject@ (550) and defer@ (450); three recipients at once,
messages of up to SIZE_MAX, and none that holds the word "unwanted" in its subject (552 at the end of the data).
"""
import os

from private_server import PEERS, PrivateServer

SIZE_MAX = 8 << 20
USER = 64921

CONFIGURATION = """
primary_hostname = exim.example.test
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
log_selector = +pipelining +received_recipients +smtp_confirmation +tls_cipher +smtp_protocol_error
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
deliver_drop_privilege = true
keep_environment =
message_size_limit = {size_max}
recipients_max = 3
tls_advertise_hosts = *
tls_certificate = {folder}/server.pem
tls_privatekey = {folder}/server.key
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
acl_smtp_mail = mail
acl_smtp_rcpt = recipient
acl_smtp_data = data

begin acl
mail:
{authentication}  accept
recipient:
  deny message = 550 5.1.1 No such user here
       local_parts = reject
  defer message = 450 4.2.0 Come back later
        local_parts = defer
  accept domains = example.test
  deny
data:
  deny message = 552 5.3.4 Too much of it
       condition = ${{if match{{$rh_Subject:}}{{unwanted}}}}
  accept

begin routers
inbox:
  driver = accept
  domains = example.test
  transport = inbox

begin transports
inbox:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  return_path_add
  envelope_to_add

begin authenticators
PLAIN:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if and{{{{eq{{$auth2}}{{bus}}}}{{eq{{$auth3}}{{secret}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
LOGIN:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{bus}}}}{{eq{{$auth2}}{{secret}}}}}}}}
  server_set_id = $auth1
  server_advertise_condition = ${{if def:tls_in_cipher}}
CRAM:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${{if eq{{$auth1}}{{bus}}{{secret}}fail}}
  server_set_id = $auth1
  server_advertise_condition = ${{if def:tls_in_cipher}}
"""


AUTHENTICATED = """  require message = 530 5.7.0 Authentication required
          authenticated = *
"""


class PrivateExim(PrivateServer):
    name, users = "exim", {"Debian-exim": USER}
    requires_authentication = True      # set to False before it is entered: a relay may then hand mail over
    program = os.path.join(PEERS, "exim4-daemon-light/usr/sbin/exim4")

    def write_files(self):
        for name in ("spool", "log", "mail"):
            self.make_folder(name, USER)
        self.take_certificate(USER)
        self.write("exim.conf", CONFIGURATION.format(
            authentication=AUTHENTICATED if self.requires_authentication else "", folder=self.folder, port=self.port, program=self.program, size_max=SIZE_MAX))

    def words(self):
        return [self.program, "-C", self.path("exim.conf"), "-bdf"]

    def log_files(self):
        return ["output", "log/mainlog", "log/paniclog"]
