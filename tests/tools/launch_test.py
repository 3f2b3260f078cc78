"""Tests of tools/install_packages and tools/mpi with stand-ins for apt-get, dpkg-query and mpirun on the PATH."""
import os
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOBODY = 65534
# What the scripts need of a system besides the stand-ins.
PLAIN = ["awk", "bash", "cat", "comm", "dirname", "env", "grep", "mkdir", "sed", "sort", "tail"]


class Launch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o777)
        # A copy: another user may not be allowed to look into the repository's folder.
        self.tools = shutil.copytree(os.path.join(ROOT, "tools"), os.path.join(self.folder, "tools"))
        for name in PLAIN:
            path = next(p for p in ("/usr/bin/" + name, "/bin/" + name) if os.path.exists(p))
            os.symlink(path, os.path.join(self.folder, name))

    def stand_in(self, name, body):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n" + body + "\n")
        os.chmod(path, 0o755)

    def run_tool(self, *command, user=None, **environment):
        environment = {"PATH": self.folder, "COTERIE_LOGS": os.path.join(self.folder, "logs"), **environment}
        lower = (lambda: os.setuid(user)) if user and os.geteuid() == 0 else None
        return subprocess.run([os.path.join(self.tools, command[0]), *command[1:]], env=environment, preexec_fn=lower,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def debian(self, installed):
        lines = "\\n".join(name + " installed" for name in installed)
        self.stand_in("dpkg-query", "printf '%s\\n'" % lines if installed else "exit 0")
        self.stand_in("apt-get", 'echo "$@" >> "%s/calls"' % self.folder)

    def calls(self):
        path = os.path.join(self.folder, "calls")
        if not os.path.exists(path):
            return ""
        with open(path) as file:
            return file.read()

    @unittest.skipUnless(os.geteuid() == 0, "becoming somebody else needs root")
    def test_a_clone_that_may_not_be_written_to(self):
        self.debian([name for name in self.all_packages() if name != "mold"])
        self.stand_in("sudo", '[ "$1" = -n ] && exit 0; exec "$@"')
        os.chmod(self.folder, 0o755)
        result = self.run_tool("install_packages", user=NOBODY, COTERIE_LOGS="")
        self.assertEqual(result.returncode, 3, result.stdout)
        self.assertIn("clone coterie to a folder of your own", result.stdout)

    def test_a_clone_in_a_folder_that_a_shell_would_read_otherwise(self):
        for name in ("two words", "it's", "$(x)"):
            done = subprocess.run(["cmake", "--preset", "release", "-S", ROOT, "-B", os.path.join(self.folder, name)],
                                  cwd=ROOT, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("Clone coterie elsewhere", " ".join(done.stderr.split()))

    def all_packages(self):
        return self.run_tool("install_packages", "--tests", "--oracles", "--print").stdout.split()

    def test_nothing_missing_is_silent(self):
        self.debian(self.all_packages())
        result = self.run_tool("install_packages", "--tests", "--oracles", user=NOBODY)
        self.assertEqual((result.returncode, result.stdout), (0, ""))
        self.assertEqual(self.calls(), "")

    def test_without_root_and_sudo_the_line_for_the_administrator_names_exactly_what_is_missing(self):
        self.debian([name for name in self.all_packages() if name not in ("mold", "libfmt-dev")])
        result = self.run_tool("install_packages", user=NOBODY)
        self.assertEqual(result.returncode, 3)
        self.assertIn("apt-get install -y --no-install-recommends libfmt-dev mold\n", result.stdout)
        self.assertEqual(self.calls(), "")

    def test_with_sudo_only_what_is_missing_is_installed(self):
        self.debian([name for name in self.all_packages() if name not in ("mold", "libfmt-dev")])
        self.stand_in("sudo", '[ "$1" = -n ] && exit 0; exec "$@"')
        result = self.run_tool("install_packages", user=NOBODY)
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertRegex(self.calls(), r"update\n.*install .* libfmt-dev mold\n$")

    def test_a_failing_apt_ends_with_its_words_and_the_way_out(self):
        self.debian([])
        self.stand_in("apt-get", "echo E: no mirror here; exit 100")
        self.stand_in("sudo", '[ "$1" = -n ] && exit 0; exec "$@"')
        result = self.run_tool("install_packages", user=NOBODY)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no mirror here", result.stdout)
        self.assertIn("proxy", result.stdout)

    def test_elsewhere_than_on_debian_the_roles_are_listed_unless_told_to_skip(self):
        result = self.run_tool("install_packages")
        self.assertEqual(result.returncode, 3)
        self.assertIn("message passing", result.stdout)
        self.assertEqual(self.run_tool("install_packages", COTERIE_SKIP_PACKAGES="1").returncode, 0)

    def test_the_launcher_tells_open_mpi_what_it_needs_to_know(self):
        self.stand_in("mpirun", 'if [ "$1" = --version ]; then echo "mpirun (Open MPI) 4.1.4"; '
                                'else echo "$@" root=$OMPI_ALLOW_RUN_AS_ROOT$OMPI_ALLOW_RUN_AS_ROOT_CONFIRM; fi')
        said = self.run_tool("mpi", "3", "program", "a b").stdout
        self.assertEqual(said, "--oversubscribe --bind-to none -n 3 program a b root=%s\n" %
                         ("11" if os.geteuid() == 0 else ""))

    def test_the_launcher_gives_another_mpi_nothing_it_would_not_understand(self):
        self.stand_in("mpirun", 'if [ "$1" = --version ]; then echo "HYDRA build details"; else printf "%s " "$@"; fi')
        self.assertEqual(self.run_tool("mpi", "2", "program").stdout, "-n 2 program ")

    def test_the_launcher_takes_hosts_and_a_limit_to_the_silence_of_one(self):
        self.stand_in("mpirun", 'if [ "$1" = --version ]; then echo "mpirun (Open MPI) 4.1.4"; '
                                'else echo "$@" $OMPI_MCA_oob_tcp_keepalive_time $OMPI_MCA_oob_tcp_keepalive_intvl '
                                '$OMPI_MCA_oob_tcp_keepalive_probes; fi')
        said = self.run_tool("mpi", "4", "--host", "a:2,b:2", "program", OMPI_MCA_oob_tcp_keepalive_probes="9").stdout
        self.assertEqual(said, "--host a:2,b:2 --oversubscribe --bind-to none -n 4 program 20 5 9\n")
        self.stand_in("mpirun", 'if [ "$1" = --version ]; then echo "HYDRA build details"; else echo "$@"; fi')
        self.assertEqual(self.run_tool("mpi", "4", "--host", "a:2,b:2", "program").stdout, "-hosts a:2,b:2 -n 4 program\n")

    def test_the_launcher_passes_the_programs_exit_code_on(self):
        self.stand_in("mpirun", '[ "$1" = --version ] || exit 75')
        self.assertEqual(self.run_tool("mpi", "2", "program").returncode, 75)

    def test_the_launcher_refuses_a_rank_count_that_is_none(self):
        for ranks in ("0", "-1", "two", ""):
            self.assertEqual(self.run_tool("mpi", ranks, "program").returncode, 2)


if __name__ == "__main__":
    unittest.main()
