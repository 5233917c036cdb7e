#!/usr/bin/python3
"""The bindings file in the README is a good one: `hawser check` accepts it, and that of the quickstart."""
import os
import re
import shutil

import harness
from harness import HERE, Work

TOP = os.path.dirname(os.path.dirname(HERE))


def main():
    given = harness.options()
    os.environ["SMTP_PASSWORD"] = "secret"
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        readme = re.search(r"```jsonc\n(.*?)```", file.read(), re.DOTALL)[1]
    with open(os.path.join(TOP, "samples/quickstart/bindings.json"), encoding="utf-8") as file:
        quickstart = file.read()
    with Work(given) as work:
        shutil.copytree(os.path.join(given.pki, "certs"), work.path("certs"))
        for text in (readme, quickstart):
            work.write("bindings.json", text.encode())
            print(work.hawser("check", "bindings.json"), end="")


if __name__ == "__main__":
    main()
