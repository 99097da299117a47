//! What each client has staged, within bounds.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use chronus_engine::Request;

/// Clients that may have something staged at a time.
pub const CLIENTS: usize = 16;
/// Edits that one client may stage.
pub const EDITS: usize = 20_000;

/// The staged edits of all clients.
#[derive(Default)]
pub struct Stages {
    by_client: HashMap<SocketAddr, Stage>,
    /// Counts additions: what tells who was idle longest.
    clock: u64,
}

/// The staged edits of one client.
#[derive(Default)]
pub struct Stage {
    requests: Vec<Request>,
    /// Ids that exist once these edits are applied, whatever the document holds.
    created: HashSet<String>,
    touched: u64,
}

/// A client that lost what it staged to a new one.
pub struct Evicted {
    /// Who.
    pub client: SocketAddr,
    /// How many edits.
    pub edits: usize,
}

impl Stages {
    /// Stages `request`. Answers with the client that had to go for it, if any.
    ///
    /// # Errors
    /// When the client has staged too much.
    pub fn add(&mut self, client: SocketAddr, request: Request) -> Result<Option<Evicted>, String> {
        let evicted = if self.by_client.contains_key(&client) { None } else { self.make_room() };
        self.clock += 1;
        let stage = self.by_client.entry(client).or_default();
        stage.touched = self.clock;
        stage.add(request)?;
        Ok(evicted)
    }

    /// Takes everything the client has staged.
    pub fn take(&mut self, client: SocketAddr) -> Vec<Request> {
        self.by_client.remove(&client).map_or_else(Vec::new, |stage| stage.requests)
    }

    /// True when a module `id` is among what the client has staged to be created.
    pub fn creates(&self, client: SocketAddr, id: &str) -> bool {
        self.by_client.get(&client).is_some_and(|stage| stage.created.contains(id))
    }

    /// How many modules the client has staged.
    pub fn created(&self, client: SocketAddr) -> usize {
        self.by_client.get(&client).map_or(0, |stage| stage.created.len())
    }

    fn make_room(&mut self) -> Option<Evicted> {
        if self.by_client.len() < CLIENTS {
            return None;
        }
        let idle = self.by_client.iter().min_by_key(|(_, stage)| stage.touched);
        let client = *idle?.0;
        Some(Evicted { client, edits: self.take(client).len() })
    }
}

impl Stage {
    fn add(&mut self, request: Request) -> Result<(), String> {
        match &request {
            Request::Clear | Request::Replace(_) => {
                // Whatever was to happen before makes no difference now.
                self.requests.clear();
                self.created.clear();
            }
            _ if self.requests.len() >= EDITS => {
                return Err(format!("{EDITS} edits are staged: commit or abort them first"));
            }
            _ => {}
        }
        match &request {
            Request::Create { id, .. } => {
                self.created.insert(id.clone());
            }
            Request::Delete { id } => {
                self.created.remove(id);
            }
            Request::Replace(patch) => {
                self.created.extend(patch.modules.keys().map(ToString::to_string));
            }
            _ => {}
        }
        self.requests.push(request);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chronus_patch::Point;

    fn client(port: usize) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port as u16))
    }

    fn create(id: &str) -> Request {
        Request::Create { id: id.into(), kind: "vco".into(), position: Point::default() }
    }

    #[test]
    fn clients_do_not_share() {
        let mut stages = Stages::default();
        stages.add(client(1), create("a")).unwrap();
        stages.add(client(2), create("b")).unwrap();
        assert!(stages.creates(client(1), "a") && !stages.creates(client(2), "a"));
        assert_eq!(stages.take(client(1)), [create("a")]);
        assert_eq!(stages.take(client(1)), []);
        assert_eq!(stages.take(client(2)).len(), 1);
    }

    #[test]
    fn the_client_idle_longest_goes() {
        let mut stages = Stages::default();
        for port in 0..CLIENTS {
            assert!(stages.add(client(port), create("a")).unwrap().is_none());
        }
        stages.add(client(0), create("b")).unwrap();
        let evicted = stages.add(client(CLIENTS), create("a")).unwrap().unwrap();
        assert_eq!((evicted.client, evicted.edits), (client(1), 1));
        assert_eq!(stages.take(client(0)).len(), 2);
    }

    #[test]
    fn a_stage_is_bounded_and_a_load_makes_room() {
        let mut stages = Stages::default();
        for _ in 0..EDITS {
            stages.add(client(0), Request::Delete { id: "a".into() }).unwrap();
        }
        assert!(stages.add(client(0), create("a")).is_err());
        stages.add(client(0), Request::Clear).unwrap();
        stages.add(client(0), create("a")).unwrap();
        assert_eq!(stages.take(client(0)), [Request::Clear, create("a")]);
    }

    #[test]
    fn what_is_deleted_again_is_not_created() {
        let mut stages = Stages::default();
        stages.add(client(0), create("a")).unwrap();
        stages.add(client(0), Request::Delete { id: "a".into() }).unwrap();
        assert!(!stages.creates(client(0), "a"));
    }
}
