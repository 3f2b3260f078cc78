"""Kills, full disks and damaged files, tried on one study, which is made but once for all of them."""

# pylint: disable=unused-import
from coterie_program import main
from damage_test import Damage, Numbers
from disk_test import SmallDisk, SomebodyElse
from kill_test import Kills

if __name__ == "__main__":
    main()
