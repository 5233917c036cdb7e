#!/usr/bin/python3
"""tidy.py finds what it is there to find: each rule is broken once in a small tree, and a clean tree has no finding."""
import os
import subprocess
import sys
import tempfile
import unittest

TIDY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tidy.py")
CLEAN = "// A small header.\n#pragma once\nint one();\n"


def findings(files):
    with tempfile.TemporaryDirectory() as top:
        for room in ("base", "message", "delivery"):
            os.makedirs(os.path.join(top, "engine", room))
        for name, text in files.items():
            path = os.path.join(top, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        done = subprocess.run([sys.executable, TIDY, top], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


class TidyTest(unittest.TestCase):
    def expect(self, name, text, finding):
        code, output = findings({name: text})
        self.assertEqual(code, 1, output)
        self.assertIn(finding, output)
        self.assertTrue(output.endswith("\n1 findings\n"), output)

    def test_clean(self):
        self.assertEqual(findings({"engine/base/a.hpp": CLEAN})[0], 0)

    def test_long_line(self):
        self.expect("engine/base/a.cpp", "// " + "x" * 118 + "\n", "a.cpp:1: 121 columns")

    def test_long_file(self):
        self.expect("engine/base/a.cpp", "int a();\n" * 501, "a.cpp:501: 501 lines")

    def test_long_function(self):
        self.expect("engine/base/a.cpp", "int a() {\n" + "    b();\n" * 69 + "}\n", "a.cpp:1: a function of 71 lines")

    def test_long_method(self):
        body = "class a {\n    int b() const override {\n" + "        c();\n" * 69 + "    }\n};\n"
        self.expect("engine/base/a.cpp", body, "a.cpp:2: a function of 71 lines")

    def test_include_against_the_direction(self):
        self.expect("engine/base/a.cpp", '#include "delivery/b.hpp"\n', "a.cpp:1: base may not include delivery")

    def test_plugin_includes_engine(self):
        self.expect("adapters/x/a.cpp", '#include "base/b.hpp"\n', "a.cpp:1: adapters may use the SDK only")

    def test_banned_call(self):
        self.expect("engine/base/a.cpp", "void a() { co_spawn(x, y(), asio::detached); }\n", "asio::detached is banned")

    def test_banned_word_in_a_string_is_fine(self):
        self.assertEqual(findings({"engine/base/a.cpp": 'const char* a = "system(";\n'})[0], 0)

    def test_header_without_comment(self):
        self.expect("engine/base/a.hpp", "#pragma once\n", "a header begins with a comment")


if __name__ == "__main__":
    unittest.main()
