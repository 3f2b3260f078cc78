"""What the program loads: LibTorch and OpenCV's codecs bring hundreds of libraries along, and come only where they are used."""

import os
import subprocess
import unittest

from coterie_program import PROGRAM, ProgramTest, environment, main, make_images, run

EXTRACT = ("--backbone", "efficientnet_lite0", "--weights", "random:7", "--threads", "1")
TRAIN = ("--width", "0.05", "--image-size", "64", "--clusters", "2", "--batch", "2", "--epochs", "1", "--threads", "1")


def loaded(*arguments):
    """The libraries that the dynamic linker opened for a command that ends well."""
    done = subprocess.run([PROGRAM, *arguments], env={**environment(), "LD_DEBUG": "files"}, capture_output=True, timeout=300, check=True)
    return {line.split("file=")[1].split(" ")[0] for line in done.stderr.decode(errors="replace").splitlines() if "generating link map" in line}


class LightStart(ProgramTest):
    def test_libtorch_and_opencv_s_codecs_are_loaded_only_where_they_are_used(self):
        images, study = self.path("images"), self.path("study")
        make_images(images, each=1)
        scan = ("scan", "--study", study, "--images", images)
        for command in (("--help",), scan, ("extract", "--study", study, *EXTRACT), ("train", "--study", study, *TRAIN), ("info", "--study", study)):
            names = loaded(*command)
            self.assertTrue(any("libhdf5" in name for name in names), names)
            self.assertFalse([name for name in names if "torch" in name or "imgcodecs" in name], command)
        names = loaded("extract", "--study", study, *EXTRACT, "--name", "bf16", "--precision", "bf16")
        self.assertTrue(any("libcoterie_torch" in name for name in names))

    def test_an_installed_program_finds_its_libraries_and_says_which_is_missing(self):
        study, prefix = self.path("study"), self.path("prefix")
        make_images(self.path("images"), each=1)
        subprocess.run(["cmake", "--install", os.path.dirname(PROGRAM), "--prefix", prefix], stdout=subprocess.DEVNULL, check=True)
        run(0, "scan", "--study", study, "--images", self.path("images"))
        extract = [os.path.join(prefix, "bin", "coterie"), "extract", "--study", study, *EXTRACT, "--precision", "bf16", "--overwrite"]
        done = subprocess.run(extract, env=environment(), capture_output=True, timeout=300, check=True)
        self.assertIn(b"features of 4 images, 0 failed", done.stdout + done.stderr)
        libraries = [os.path.join(at, name) for at, _, names in os.walk(prefix) for name in names if name.endswith(".so")]
        self.assertEqual(len(libraries), 3)
        for library in libraries:
            os.remove(library)
        done = subprocess.run(extract, env=environment(), capture_output=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"libcoterie_torch.so belongs to coterie and cannot be opened", done.stderr)


if __name__ == "__main__":
    main()
