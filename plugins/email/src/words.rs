//! What a notice says, to each kind of recipient: the day, what helps, and whom to ask.

use provost_plugin::channel::{ContactKind, Moment, Notice, NoticeKind, Recipient, RecipientRole};
use provost_plugin::letter::Letter;

/// A notice to one recipient.
pub(crate) struct Words<'n> {
    pub(crate) about: &'n Notice,
    pub(crate) to: &'n Recipient,
    pub(crate) portal: Option<&'n str>,
    /// The person is the reader.
    pub(crate) you: bool,
    /// The day of deactivation, with its weekday; of the notice itself if there is none.
    pub(crate) day: &'n Moment,
}

impl<'n> Words<'n> {
    pub(crate) fn new(about: &'n Notice, to: &'n Recipient, portal: Option<&'n str>) -> Self {
        Self {
            about,
            to,
            portal,
            you: to.role == RecipientRole::Contact,
            day: about.deadline.as_ref().unwrap_or(&about.written),
        }
    }

    /// Different at every stage.
    pub(crate) fn title(&self) -> String {
        let whose = match self.you {
            true => "Your support access".to_owned(),
            false => format!("Support access of {}", self.about.person),
        };
        let day = self.day.date();
        match self.about.kind {
            NoticeKind::Notice => format!("{whose} will be deactivated on {day}"),
            NoticeKind::Reminder => format!("Reminder: {whose} will be deactivated on {day}"),
            NoticeKind::Final => format!("Final notice: {whose} ends on {day}"),
            NoticeKind::Deactivated => format!("{whose} was deactivated on {day}"),
            NoticeKind::Reactivated => format!("{whose} has been restored"),
        }
    }

    /// The whole of it.
    pub(crate) fn letter(&self) -> Letter {
        let mut letter = Letter::new(&self.title());
        letter.paragraph(&self.greeting());
        if let Some(why) = self.why_you() {
            letter.paragraph(&why);
        }
        letter.paragraph(&self.fact());
        letter.heading("What to do");
        match self.about.kind {
            NoticeKind::Deactivated => letter.paragraph(&self.restore()),
            NoticeKind::Reactivated => letter.paragraph(&format!(
                "Nothing now. {} from time to time: access that is not used for long is deactivated.",
                if self.you {
                    "Log in"
                } else {
                    "Contacts log in"
                }
            )),
            _ => self.keep(&mut letter),
        }
        if self.about.last_contact && self.about.kind != NoticeKind::Reactivated {
            letter.heading("Last contact of the district");
            letter.paragraph(
                "No other contact of the district has access. Without one, nobody of the district can restore access \
                 or submit cases: support has to verify the district anew.",
            );
        }
        letter.heading("Whom to ask");
        letter.list(self.ask());
        letter
    }

    fn greeting(&self) -> String {
        match self.to.name.as_str() {
            "" => format!("Dear colleagues of {},", self.about.district),
            name => format!("Dear {name},"),
        }
    }

    /// Why somebody else is told.
    fn why_you(&self) -> Option<String> {
        let person = &self.about.person;
        match self.to.role {
            RecipientRole::Contact => None,
            RecipientRole::Colleague => Some(format!(
                "{person} could not be reached. You are told as another contact of the district: please pass it on."
            )),
            RecipientRole::Mailbox => Some(format!(
                "{person} could not be reached. This is the district's mailbox for such notices: please pass it on."
            )),
        }
    }

    fn fact(&self) -> String {
        let about = self.about;
        let kind = match about.contact_kind {
            ContactKind::Support => "support",
            ContactKind::Technical => "technical",
        };
        let whose = match self.you {
            true => "Your access".to_owned(),
            false => format!("The access of {}", about.person),
        };
        let who = format!("{whose} as {kind} contact of {}", about.district);
        let since = match &about.last_activity {
            Some(last) => format!("no activity has been seen since {}", last.date()),
            None => "no activity has ever been seen".to_owned(),
        };
        let (at, left) = (self.day.date_and_time(), self.left());
        match about.kind {
            NoticeKind::Reactivated => format!("{who} has been restored: it is valid as of {at}."),
            NoticeKind::Deactivated => format!("{who} was deactivated on {at}: {since}."),
            NoticeKind::Final => format!(
                "This is the final notice. {who} will be deactivated on {at}, {left}: {since}."
            ),
            NoticeKind::Reminder => {
                format!("This is a reminder. {who} will be deactivated on {at}, {left}: {since}.")
            }
            NoticeKind::Notice => format!("{who} will be deactivated on {at}, {left}: {since}."),
        }
    }

    fn left(&self) -> String {
        match self.about.days_left {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            days => format!("in {days} days"),
        }
    }
}
