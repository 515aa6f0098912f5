"""The file transfer of youth health care between the versions of its data set: BDS 4.1.3 and BDS 4.2.0.

What differs is in `definitions/jgz`; all else is carried as it stands.  The door is `convert.convert`.
"""
