"""Secrets beside a configuration: made at first start, readable by the node's own user only, never in the settings."""

from __future__ import annotations

import os
import pathlib
import secrets

from babyconnect.settings import SettingsRefused
from babyconnect.trust import keys

SECRET_BYTES = 32


def secret(path: pathlib.Path) -> bytes:
    """The 32 random bytes in `path`, made when the file is not there yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
    content = path.read_bytes()
    if len(content) != SECRET_BYTES:
        raise SettingsRefused(f"{path}: a secret of {SECRET_BYTES} bytes is expected")
    return content


def signing_key(path: pathlib.Path) -> keys.SigningKey:
    """The organisation's private key in `path`, made when the file is not there yet."""
    try:
        if not path.exists():
            return keys.create(path.parent, path.stem)
        return keys.load(path)
    except keys.KeyFault as fault:
        raise SettingsRefused(f"{path}: {fault}") from fault


def text(path: pathlib.Path) -> str:
    """One line of text from a secret file."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as fault:
        raise SettingsRefused(f"{path}: cannot be read: {fault.strerror}") from fault
