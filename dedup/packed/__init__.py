"""Files that cannot be read from the middle: unpacked into lines that can, and packed again in the form they had."""
