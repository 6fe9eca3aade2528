//! The way out of the configuration in force: mail by the relay, requests by HTTP.

use super::{Deliver, Http, Parcel, Reply, Sending, Smtp};

/// Sends everything that channels render. By default there is no way out at all.
#[derive(Default)]
pub struct Carrier {
    relay: Option<Smtp>,
    http: Http,
}

impl Carrier {
    /// Without a relay no mail can be sent, and that is said.
    pub fn new(relay: Option<Smtp>, http: Http) -> Self {
        Self { relay, http }
    }
}

impl Deliver for Carrier {
    fn send<'a>(&'a self, parcel: &'a Parcel) -> Sending<'a, Reply> {
        Box::pin(async move {
            match (parcel, &self.relay) {
                (Parcel::Mail(mail), Some(relay)) => relay.send(mail).await,
                (Parcel::Mail(_), None) => Reply::failed("no mail relay is configured ([mail])"),
                (Parcel::Http(request), _) => self.http.send(request).await,
            }
        })
    }

    fn rest(&self) -> Sending<'_, ()> {
        Box::pin(async move {
            if let Some(relay) = &self.relay {
                relay.rest().await;
            }
        })
    }
}
