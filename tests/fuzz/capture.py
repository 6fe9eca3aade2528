"""Records what a real directory server sends, byte by byte, as seeds for the fuzzer.

Reads a task as JSON (url, ca, account, password, vendor, suffix, group, gone, changed, out) and writes files below `out`.
It speaks LDAP by itself (RFC 4511): libraries hand over what they have made of the bytes, not the bytes.
"""

import hashlib
import json
import os
import re
import socket
import ssl
import sys

PAGED, SYNC = "1.2.840.113556.1.4.319", "1.3.6.1.4.1.4203.1.9.1.1"
DIRSYNC, DELETED = "1.2.840.113556.1.4.841", "1.2.840.113556.1.4.417"
KEPT = {
    b"objectguid", b"entryuuid", b"nsuniqueid", b"useraccountcontrol", b"accountexpires", b"entrycsn", b"whencreated",
    b"currenttime", b"nsaccountlock", b"isdeleted",
}
NAMES = {b"member", b"uniquemember", b"distinguishedname", b"namingcontexts", b"dsservicename"}
LARGEST, MOST_OF_A_KIND = 8192, 5


def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([128 | len(digits)]) + digits) + body


def text(word, tag=4):
    return tlv(tag, word.encode() if isinstance(word, str) else word)


def number(value, tag=2):
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def element(data, at=0):
    """Tag, contents and end of the element that begins there."""
    size, begin = data[at + 1], at + 2
    if size & 128:
        begin += size & 127
        size = int.from_bytes(data[at + 2 : begin], "big")
    return data[at], data[begin : begin + size], begin + size


def parts(data):
    at, found = 0, []
    while at < len(data):
        tag, body, at = element(data, at)
        found.append((tag, body))
    return found


class Line:
    def __init__(self, task):
        self.task, self.id, self.kinds = task, 0, {}
        scheme, host, port = re.fullmatch(r"(ldaps?)://([^:]+)(?::(\d+))?", task["url"]).groups()
        self.socket = socket.create_connection((host, int(port or (636 if scheme == "ldaps" else 389))), 60)
        if scheme == "ldaps":
            self.socket = ssl.create_default_context(cafile=task["ca"]).wrap_socket(self.socket, server_hostname=host)
        self.waiting = b""

    def message(self):
        while True:
            try:
                _, body, end = element(self.waiting)
                if len(self.waiting) >= end:
                    whole, self.waiting = self.waiting[:end], self.waiting[end:]
                    return whole, parts(body)
            except IndexError:
                pass
            piece = self.socket.recv(65536)
            assert piece, "the server has gone"
            self.waiting += piece

    def ask(self, operation, *controls):
        """Sends a request; keeps everything up to its result, whose controls are given back."""
        self.id += 1
        more = tlv(0xA0, *controls) if controls else b""
        self.socket.sendall(tlv(0x30, number(self.id), operation, more))
        while True:
            whole, message = self.message()
            tag, body = message[1]
            self.keep("entry", f"{tag:02x}", whole)
            given = self.controls(message)
            if tag == 0x64:
                self.attributes(body)
            elif tag == 0x79:
                self.keep("control", "info", dict(parts(body)).get(0x81, b""))
            elif tag != 0x73:
                return given

    def controls(self, message):
        given = {}
        for tag, body in message[2:]:
            for _, control in parts(body):
                name, *rest = [value for kind, value in parts(control) if kind == 4]
                given[name.decode()] = rest[0] if rest else b""
                self.keep("control", name.decode().rsplit(".", 1)[-1], given[name.decode()])
        return given

    def attributes(self, body):
        (_, name), (_, listed) = parts(body)
        self.keep("dn", "entry", name)
        for _, attribute in parts(listed):
            (_, description), (_, values) = parts(attribute)
            kind = description.split(b";")[0].lower()
            if b";" in description:
                self.keep("value", "name", description)
            for _, value in parts(values):
                if kind in NAMES:
                    self.keep("dn", kind.decode(), value)
                elif kind in KEPT:
                    self.keep("value", kind.decode(), value)

    def keep(self, target, kind, value):
        kept = self.kinds.setdefault((target, kind), set())
        if value and len(value) <= LARGEST and len(kept) < MOST_OF_A_KIND and value not in kept:
            kept.add(value)
            folder = os.path.join(self.task["out"], target)
            os.makedirs(folder, exist_ok=True)
            name = f"{self.task['vendor']}-{kind}-{hashlib.sha256(value).hexdigest()[:8]}"
            with open(os.path.join(folder, name), "wb") as file:
                file.write(value)


def search(base, scope, attributes, present="objectClass"):
    return tlv(
        0x63, text(base), number(scope, 10), number(0, 10), number(0), number(0), tlv(1, b"\0"), text(present, 0x87),
        tlv(0x30, *[text(name) for name in attributes]),
    )


def control(name, value=None):
    return tlv(0x30, text(name), tlv(1, b"\xff"), *([text(value)] if value is not None else []))


def cookie_in(value):
    found = [body for tag, body in parts(element(value)[1]) if tag == 4]
    return found[0] if found else b""


def change(line, task):
    """Somebody goes, and somebody gets another title; a member leaves the group with the former."""
    line.ask(text(task["gone"], 0x4A))
    title = tlv(0x30, text("title"), tlv(0x31, text("Nurse")))
    line.ask(tlv(0x66, text(task["changed"]), tlv(0x30, tlv(0x30, number(2, 10), title))))


def main():
    task = json.load(sys.stdin)
    line = Line(task)
    suffix, staff, is_domain = task["suffix"], f"ou=staff,{task['suffix']}", task["vendor"] == "samba-ad"
    line.ask(tlv(0x60, number(3), text(task["account"]), text(task["password"], 0x80)))
    line.ask(search("", 0, ["*", "+"]))
    paged = line.ask(search(staff, 2, ["*", "+"]), control(PAGED, tlv(0x30, number(4), text(""))))
    rest = cookie_in(paged[PAGED])
    line.ask(search(staff, 2, ["uid", "mail"]), control(PAGED, tlv(0x30, number(2000), text(rest))))
    line.ask(search(task["group"], 0, ["member"]))
    if is_domain:
        line.ask(search(task["group"], 0, ["member;range=0-1"]))
        line.ask(search(suffix, 2, ["objectGUID"], "mail"))
        watched, cookie = ["name", "title", "member", "isDeleted", "objectGUID", "userAccountControl"], b""
        for flags in (0, 0):
            value = tlv(0x30, number(flags), number(1 << 20), text(cookie))
            answer = line.ask(search(suffix, 2, watched), control(DIRSYNC, value), control(DELETED))
            if not cookie:
                change(line, task)
                line.kinds.clear()
            cookie = cookie_in(answer[DIRSYNC])
            line.keep("value", "cookie", cookie)
        return
    cookie = None
    for _ in range(3):
        value = tlv(0x30, number(1, 10), *([text(cookie)] if cookie else []))
        answer = line.ask(search(staff, 2, ["*", "+"]), control(SYNC, value))
        done = [given for name, given in answer.items() if name.endswith(".1.9.1.3")]
        cookie = cookie_in(done[0]) or cookie
        line.keep("value", "cookie", cookie)
        line.kinds.clear()
        change(line, task) if _ == 0 else None


main()
