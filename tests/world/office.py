"""The office of a district: changes the people of a directory and says what it holds then.

It speaks to the server through python-ldap and knows nothing of Provost, so that both can be held against each other.
It reads one JSON object from its standard input and writes one to its standard output.
"""

import json
import sys

import ldap
import ldap.dn
import ldap.modlist

ALL = "(objectClass=*)"


def connect(task):
    ldap.set_option(ldap.OPT_REFERRALS, 0)
    server = ldap.initialize(task["url"], bytes_mode=False)
    if task["ca"]:
        server.set_option(ldap.OPT_X_TLS_CACERTFILE, task["ca"])
        server.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    server.simple_bind_s(task["account"], task["password"])
    return server


def key(dn):
    """A name as what it means, whatever way it is written."""
    return tuple(tuple((a.lower(), v.lower()) for a, v, _ in rdn) for rdn in ldap.dn.str2dn(dn))


def rdn(attribute, value):
    return f"{attribute}={ldap.dn.escape_dn_chars(value)}"


class Office:
    def __init__(self, task):
        self.task = task
        self.server = connect(task)
        self.controller = task["vendor"] == "samba-ad"

    def find(self, number):
        found = self.server.search_s(
            self.task["suffix"], ldap.SCOPE_SUBTREE, f"(employeeNumber={number})", ["1.1"]
        )
        names = [dn for dn, _ in found if dn]
        assert len(names) == 1, (number, names)
        return names[0]

    def unit(self, dn):
        self.server.add_s(dn, [("objectClass", b"organizationalUnit")])

    def account(self, name, password):
        secret = f'"{password}"'.encode("utf-16-le")
        attributes = {
            "objectClass": [b"user"],
            "sAMAccountName": [name.encode()],
            "unicodePwd": [secret],
            "userAccountControl": [b"512"],
        }
        self.server.add_s(self.account_dn(name), ldap.modlist.addModlist(attributes))

    def account_dn(self, name):
        return f"cn={name},cn=Users,{self.task['suffix']}"

    def administrator(self, name):
        member = self.account_dn(name).encode()
        self.server.modify_s(self.account_dn("Domain Admins"), [(ldap.MOD_ADD, "member", [member])])

    def remove(self, name):
        self.server.delete_s(self.account_dn(name))

    def hire(self, person, unit):
        attributes = {name: [v.encode() for v in values] for name, values in person["attributes"].items()}
        attribute, value = person["rdn"]
        if self.controller:
            # Domain controllers name people by cn and keep one mail address and one number.
            value = value if attribute == "cn" else f"{person['name']} ({person['number']})"
            attribute = "cn"
            attributes["objectClass"] = [b"user"]
            attributes["sAMAccountName"] = attributes.pop("uid")
            attributes["mail"] = attributes["mail"][:1]
            attributes["userAccountControl"] = [b"544"]
            attributes["cn"] = [value.encode()]
        values = attributes.setdefault(attribute, [])
        if value.encode() not in values:
            values.append(value.encode())
        self.server.add_s(f"{rdn(attribute, value)},{unit}", ldap.modlist.addModlist(attributes))

    def modify(self, number, attribute, values):
        self.server.modify_s(
            self.find(number), [(ldap.MOD_REPLACE, attribute, [v.encode() for v in values] or None)]
        )

    def rename(self, number):
        dn = self.find(number)
        attribute, value, _ = ldap.dn.str2dn(dn)[0][0]
        self.server.rename_s(dn, rdn(attribute, value.strip() + "m"))

    def move(self, number, unit):
        dn = self.find(number)
        attribute, value, _ = ldap.dn.str2dn(dn)[0][0]
        self.server.rename_s(dn, rdn(attribute, value), newsuperior=unit)

    def rename_unit(self, dn, name):
        self.server.rename_s(dn, rdn("ou", name))

    def move_unit(self, dn, parent):
        attribute, value, _ = ldap.dn.str2dn(dn)[0][0]
        self.server.rename_s(dn, rdn(attribute, value), newsuperior=parent)

    def delete(self, number):
        self.server.delete_s(self.find(number))

    def disable(self, number):
        self.modify(number, *self.task["disabling"])

    def enable(self, number):
        self.modify(number, *self.task["enabling"])

    def group(self, dn, numbers, groups):
        members = [self.find(number).encode() for number in numbers] + [g.encode() for g in groups]
        name = ldap.dn.str2dn(dn)[0][0][1]
        attributes = {"objectClass": [b"groupOfNames"]}
        if self.controller:
            attributes = {"objectClass": [b"group"], "sAMAccountName": [name.encode()]}
        if members:
            attributes["member"] = members
        self.server.add_s(dn, ldap.modlist.addModlist(attributes))

    def join(self, dn, number):
        self.server.modify_s(dn, [(ldap.MOD_ADD, "member", [self.find(number).encode()])])

    def join_group(self, dn, other):
        self.server.modify_s(dn, [(ldap.MOD_ADD, "member", [other.encode()])])

    def quit(self, dn, number):
        person = key(self.find(number))
        members = self.server.search_s(dn, ldap.SCOPE_BASE, ALL, ["member"])[0][1]["member"]
        named = [m for m in members if key(m.decode()) == person]
        self.server.modify_s(dn, [(ldap.MOD_DELETE, "member", named)])

    def fill(self, dn, count):
        """Adds people by the hundred, to make a group long."""
        people = self.server.search_s(
            self.task["base"], ldap.SCOPE_SUBTREE, "(employeeNumber=*)", ["1.1"]
        )
        names = [name.encode() for name, _ in people if name][:count]
        self.server.modify_s(dn, [(ldap.MOD_REPLACE, "member", names)])

    def holders(self):
        """Everybody in the group, and in the groups within it."""
        seen, waiting = set(), [self.task["group"]]
        while waiting:
            name = waiting.pop()
            if key(name) in seen:
                continue
            seen.add(key(name))
            try:
                found = self.server.search_s(name, ldap.SCOPE_BASE, ALL, ["member"])
            except ldap.NO_SUCH_OBJECT:
                continue
            waiting.extend(m.decode() for m in found[0][1].get("member", []))
        return seen

    def people(self):
        asked = ["*", "nsAccountLock", "nsUniqueId", "entryUUID"]
        found = self.server.search_s(
            self.task["base"], ldap.SCOPE_SUBTREE, self.task["filter"], asked
        )
        holders = self.holders()
        people = {}
        for dn, attributes in found:
            if not dn:
                continue
            text = {name.lower(): [v.decode() for v in values if utf8(v)] for name, values in attributes.items()}
            username = text["samaccountname" if self.controller else "uid"][0]
            attribute, values = self.task["disabling"]
            people[text["employeenumber"][0]] = {
                "dn": dn,
                "username": username,
                "name": text.get("displayname", [username])[0],
                "mail": text.get("mail", []),
                "phone": text.get("telephonenumber", []),
                "title": text.get("title", [None])[0],
                "schools": text.get("departmentnumber", []),
                "disabled": text.get(attribute.lower()) == values,
                "holds": key(dn) in holders,
            }
        return people


def utf8(value):
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def main():
    task = json.load(sys.stdin)
    office = Office(task)
    for verb, *about in task["steps"]:
        getattr(office, verb)(*about)
    json.dump({"people": office.people() if task["read"] else None}, sys.stdout)


main()
