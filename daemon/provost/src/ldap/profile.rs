//! What kind of server it is: vendors differ where the standards leave room.

use std::fmt;
use std::str::FromStr;

use provost_core::directory::{Entry, IdAttribute};

/// The vendor as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Worked out from the server's root entry.
    Auto,
    /// Fixed.
    Fixed(Vendor),
}

/// A vendor whose servers behave alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Vendor {
    /// OpenLDAP's slapd.
    OpenLdap,
    /// 389 Directory Server.
    Ds389,
    /// Microsoft's Active Directory.
    ActiveDirectory,
    /// Samba's domain controller: speaks as Active Directory does, most of the time.
    SambaAd,
    /// Anything that speaks LDAPv3.
    Generic,
}

impl Vendor {
    /// The word of the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::OpenLdap => "openldap",
            Self::Ds389 => "ds389",
            Self::ActiveDirectory => "active-directory",
            Self::SambaAd => "samba-ad",
            Self::Generic => "generic",
        }
    }

    /// The attribute by which its entries are known.
    pub fn id_attribute(self) -> IdAttribute {
        IdAttribute::named(match self {
            Self::OpenLdap | Self::Generic => "entryUUID",
            Self::Ds389 => "nsUniqueId",
            Self::ActiveDirectory | Self::SambaAd => "objectGUID",
        })
    }

    /// Speaks the protocols of Active Directory.
    pub fn is_active_directory(self) -> bool {
        matches!(self, Self::ActiveDirectory | Self::SambaAd)
    }
}

impl FromStr for Profile {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let vendors = [
            Vendor::OpenLdap,
            Vendor::Ds389,
            Vendor::ActiveDirectory,
            Vendor::SambaAd,
            Vendor::Generic,
        ];
        if text == "auto" {
            return Ok(Self::Auto);
        }
        vendors
            .into_iter()
            .find(|vendor| vendor.word() == text)
            .map(Self::Fixed)
            .ok_or(
                "must be \"auto\", \"openldap\", \"ds389\", \"active-directory\", \"samba-ad\" or \"generic\"",
            )
    }
}

/// What a server says of itself. Source: RFC 4512 §5.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootDse {
    /// The vendor, and what told it.
    pub vendor: Vendor,
    /// Why that vendor.
    pub because: String,
    /// Object identifiers of the controls it knows.
    pub controls: Vec<String>,
    /// Where its schema lies.
    pub schema: Option<String>,
    /// Where its data begins.
    pub contexts: Vec<String>,
    /// Where a domain controller keeps what tells one of its databases from another (MS-ADTS 3.1.1.3.2.17).
    pub settings: Option<String>,
    /// The server shows the numbers of a changelog (draft-good-ldap-changelog §2).
    pub keeps_changes: bool,
}

/// Attributes of the root entry that are asked for by name, because servers hide operational ones.
pub(super) const ROOT_ATTRIBUTES: [&str; 11] = [
    "objectClass",
    "vendorName",
    "vendorVersion",
    "supportedControl",
    "supportedCapabilities",
    "subschemaSubentry",
    "namingContexts",
    "structuralObjectClass",
    "defaultNamingContext",
    "dsServiceName",
    FIRST_CHANGE,
];

/// The oldest change that a changelog still holds.
pub(super) const FIRST_CHANGE: &str = "firstChangeNumber";

/// LDAP_CAP_ACTIVE_DIRECTORY_OID (MS-ADTS 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

impl RootDse {
    /// Reads the root entry as the configured profile says.
    pub(super) fn read(entry: &Entry, profile: Profile) -> Self {
        let texts = |name: &str| -> Vec<String> {
            entry
                .values(name)
                .filter_map(|value| std::str::from_utf8(value).ok())
                .map(str::to_owned)
                .collect()
        };
        let (vendor, because) = match profile {
            Profile::Fixed(vendor) => (vendor, "the configuration says so".to_owned()),
            Profile::Auto => vendor_of(&texts),
        };
        Self {
            vendor,
            because,
            controls: texts("supportedControl"),
            schema: texts("subschemaSubentry").into_iter().next(),
            contexts: texts("namingContexts"),
            settings: texts("dsServiceName").into_iter().next(),
            keeps_changes: !texts(FIRST_CHANGE).is_empty(),
        }
    }

    /// The server knows a control.
    pub fn knows(&self, control: &str) -> bool {
        self.controls.iter().any(|known| known == control)
    }
}

fn vendor_of(texts: &impl Fn(&str) -> Vec<String>) -> (Vendor, String) {
    if texts("supportedCapabilities")
        .iter()
        .any(|oid| oid == ACTIVE_DIRECTORY)
    {
        let samba = texts("vendorName")
            .into_iter()
            .find(|name| name.starts_with("Samba"));
        return match samba {
            Some(name) => (Vendor::SambaAd, format!("vendorName is {name}")),
            None => (
                Vendor::ActiveDirectory,
                format!("supportedCapabilities has {ACTIVE_DIRECTORY}"),
            ),
        };
    }
    let vendor = texts("vendorName").join(" ") + &texts("vendorVersion").join(" ");
    if vendor.contains("389") {
        return (Vendor::Ds389, format!("vendorVersion is {vendor}"));
    }
    let classes = [texts("objectClass"), texts("structuralObjectClass")].concat();
    let openldap = |class: &String| class.eq_ignore_ascii_case("OpenLDAProotDSE");
    if classes.iter().any(openldap) {
        return (
            Vendor::OpenLdap,
            "its root entry is an OpenLDAProotDSE".to_owned(),
        );
    }
    (
        Vendor::Generic,
        "its root entry names no vendor that is known here".to_owned(),
    )
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_core::directory::Attribute;

    fn vendor(attributes: &[(&str, &str)]) -> Vendor {
        let entry = Entry {
            dn: String::new(),
            attributes: attributes
                .iter()
                .map(|(name, value)| Attribute::new(name, vec![value.as_bytes().to_vec()]))
                .collect(),
        };
        RootDse::read(&entry, Profile::Auto).vendor
    }

    #[test]
    fn each_vendor_is_known_by_what_its_root_entry_says() {
        let controller = ("supportedCapabilities", ACTIVE_DIRECTORY);
        let samba = ("vendorName", "Samba Team (https://www.samba.org)");
        assert_eq!(vendor(&[controller]), Vendor::ActiveDirectory);
        assert_eq!(vendor(&[controller, samba]), Vendor::SambaAd);
        let ds389 = [
            ("vendorName", "389 Project"),
            ("vendorVersion", "389-Directory/2.3.1"),
        ];
        assert_eq!(vendor(&ds389), Vendor::Ds389);
        assert_eq!(
            vendor(&[("objectClass", "OpenLDAProotDSE")]),
            Vendor::OpenLdap
        );
        assert_eq!(vendor(&[("vendorName", "Somebody")]), Vendor::Generic);
    }
}
