"""The way back when a home is lost: a consistent copy of what cannot be made again, and a home made from it.

Here: backups and restoring them. Not here: bringing an earlier publication back within a home (publication).
"""

from siyu.recovery.backup import Backup, MadeBackup, back_up, read_backup
from siyu.recovery.restore import Restored, restore

__all__ = ["Backup", "MadeBackup", "Restored", "back_up", "read_backup", "restore"]
