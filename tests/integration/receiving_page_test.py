#!/usr/bin/python3
"""docs/receiving-mail.md can be typed as it stands: its bindings are good, its commands end as they should, and open the order."""
import os
import re
import subprocess

import harness
from harness import HERE, Work, check

TOP = os.path.dirname(os.path.dirname(HERE))


def main():
    given = harness.options()
    with open(os.path.join(TOP, "docs/receiving-mail.md"), encoding="utf-8") as file:
        page = file.read()
    with Work(given) as work:
        work.write("bindings.json", re.search(r"```jsonc\n(.*?)```", page, re.DOTALL)[1].encode())
        work.write("page.sh", "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)).encode())
        environment = {**os.environ, "PATH": os.path.dirname(given.hawser) + ":" + os.environ["PATH"]}
        done = subprocess.run(["sh", "-e", "page.sh"], cwd=work.folder, env=environment, capture_output=True, text=True,
                              check=False, timeout=60)
        print(done.stdout + done.stderr)
        check(done.returncode == 0, f"the page's commands end with {done.returncode}")
        for text in ("SMIME.SignerAddress (promoted): ap@partner.example", "part body: text/xml; charset=utf-8, ",
                     '<order number="4711"/>', "order.mail: accepted", "refused with 65"):
            check(text in done.stdout, f"the page's commands do not print {text}")
        check(re.search(r"queued +OrderDesk", done.stdout) is not None, "the order is not queued")


if __name__ == "__main__":
    main()
