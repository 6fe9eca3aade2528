//! What can be typed about dealings with the vendor: cases, calls and requests for updates.

use clap::Subcommand;

/// `provost case …`.
#[derive(Debug, Clone, Subcommand)]
pub enum CaseCommand {
    /// Cases, by id.
    List {
        /// Only of this district.
        #[arg(long)]
        district: Option<String>,
    },
    /// Open a case: a contact's own, or by an agent for someone.
    Open {
        /// The portal's id of the case.
        id: String,
        /// The district.
        #[arg(long)]
        district: String,
        /// Who opens it: a person, or agent=ID; the operator as an agent if left out.
        #[arg(long)]
        by: Option<String>,
        /// For whom; who opens it if left out.
        #[arg(long)]
        requester: Option<String>,
        /// The valid contact who shall own it.
        #[arg(long)]
        owner: Option<String>,
        /// As an emergency, which needs a reason.
        #[arg(long)]
        emergency: bool,
        /// Why it is one.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Close a case.
    Close {
        /// Which.
        id: String,
        /// Who closes it: a person, or agent=ID; the operator as an agent if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// Hand a case to a valid contact of its district.
    Transition {
        /// Which.
        id: String,
        /// To whom.
        #[arg(long)]
        to: String,
        /// Who does it: a person, or agent=ID; the operator as an agent if left out.
        #[arg(long)]
        by: Option<String>,
    },
}

/// `provost call …`.
#[derive(Debug, Clone, Subcommand)]
pub enum CallCommand {
    /// Calls, by id, with who is on them and where they stand.
    List {
        /// Only of this district.
        #[arg(long)]
        district: Option<String>,
    },
    /// One call.
    Show {
        /// Which.
        id: String,
    },
    /// Open a call with the contact who calls.
    Open {
        /// The support desk's id of the call.
        id: String,
        /// The district that it is about.
        #[arg(long)]
        district: String,
        /// Who calls: a contact whom the desk has identified.
        #[arg(long)]
        person: String,
        /// Who records it: a person, or agent=ID; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// Put one more person on a call; who is no contact needs one on it.
    Join {
        /// Which call.
        id: String,
        /// Who comes.
        person: String,
        /// Who records it: a person, or agent=ID; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// Take a person off a call; when the last contact leaves, it pauses.
    Leave {
        /// Which call.
        id: String,
        /// Who goes.
        person: String,
        /// Who records it: a person, or agent=ID; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// End a call.
    End {
        /// Which.
        id: String,
        /// Who records it: a person, or agent=ID; the operator if left out.
        #[arg(long)]
        by: Option<String>,
    },
}

/// `provost update-request …`.
#[derive(Debug, Clone, Subcommand)]
pub enum UpdateRequestCommand {
    /// Requests for site refreshes and version updates, by id.
    List {
        /// Only of this district.
        #[arg(long)]
        district: Option<String>,
        /// Only those that stand there.
        #[arg(long, value_parser = ["requested", "accepted", "done", "declined", "withdrawn"])]
        state: Option<String>,
    },
    /// One request.
    Show {
        /// Which.
        id: String,
    },
    /// Ask for an update, as the technical contact.
    Submit {
        /// The portal's id of the request.
        id: String,
        /// The district.
        #[arg(long)]
        district: String,
        /// What is asked for.
        #[arg(long, value_parser = ["sandbox-refresh", "staging-refresh", "version-update"])]
        kind: String,
        /// Who asks: the technical contact.
        #[arg(long)]
        by: String,
    },
    /// Take a request on.
    Accept(Advance),
    /// Say that a request was carried out.
    Done(Advance),
    /// Refuse a request, with a reason.
    Decline {
        /// Which.
        id: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Who does it: an agent, as agent=ID; the operator as one if left out.
        #[arg(long)]
        by: Option<String>,
    },
    /// Take a request back: the technical contact, or the desk for the district.
    Withdraw(Advance),
}

/// A request that moves on.
#[derive(Debug, Clone, clap::Args)]
pub struct Advance {
    /// Which.
    pub id: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Who does it: agent=ID, or for a withdrawal the technical contact; the operator as an agent if left out.
    #[arg(long)]
    pub by: Option<String>,
}
