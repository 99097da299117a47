//! The remote's desk: takes requests one by one, does what they ask, and answers.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chronus_engine::{Client, Engine, Request, Terms};
use chronus_patch::{ModuleId, Patch, Point};
use rosc::{OscMessage, OscType};

use super::args::Args;
use super::bound::{MacroSink, macro_for};
use super::packet;
use super::reply::Replies;
use super::stage::Stages;
use super::status::status;
use crate::phrase;

/// Longest document that fits into a datagram, with room for the rest of the message.
const DOCUMENT_BYTES: usize = 60_000;
/// What malformed packets are answered as.
const PACKET: &str = "packet";

/// What a request leads to at once.
enum Done {
    /// `/ok VERB`.
    Ok,
    /// Answered already, or not at all.
    Quiet,
}

/// See the module's documentation.
pub struct Desk {
    engine: Arc<Engine>,
    macros: Arc<dyn MacroSink>,
    replies: Replies,
    stages: Stages,
    port: u16,
}

impl Desk {
    pub fn new(
        engine: Arc<Engine>,
        macros: Arc<dyn MacroSink>,
        replies: Replies,
        port: u16,
    ) -> Self {
        Self { engine, macros, replies, stages: Stages::default(), port }
    }

    /// Takes one datagram.
    pub fn take(&mut self, datagram: &[u8], client: SocketAddr) {
        packet::messages(datagram, &mut |message| match message {
            Ok(message) => self.answer(message, client),
            Err(text) => self.replies.error(client, PACKET, &text),
        });
    }

    fn answer(&mut self, message: OscMessage, client: SocketAddr) {
        let OscMessage { addr, args } = message;
        let done = AssertUnwindSafe(|| self.dispatch(&addr, args, client));
        let done = catch_unwind(done)
            .unwrap_or_else(|_| Err("internal fault, please report what was sent".into()));
        match done {
            Ok(Done::Ok) => self.replies.ok(client, &addr),
            Ok(Done::Quiet) => {}
            Err(text) => self.replies.error(client, &addr, &text),
        }
    }

    fn dispatch(
        &mut self,
        addr: &str,
        args: Vec<OscType>,
        client: SocketAddr,
    ) -> Result<Done, String> {
        if let Some(target) = addr.strip_prefix("/mod/") {
            return self.turn(target, Args::new(args, "VALUE"), client);
        }
        if let Some(id) = addr.strip_prefix("/gate/") {
            let mut args = Args::new(args, "0 or 1");
            let on = args.switch()?;
            args.end()?;
            return self.engine.gate(id, on).map(|()| Done::Quiet).map_err(|e| e.to_string());
        }
        match addr {
            "/patch/create" => self.create(Args::new(args, "ID KIND"), client),
            "/patch/delete" => self.delete(Args::new(args, "ID"), client),
            "/patch/connect" => {
                self.connect(Args::new(args, "SRC[.PORT] DST[.PORT] [GAIN]"), client)
            }
            "/patch/disconnect" => {
                self.disconnect(Args::new(args, "SRC[.PORT] DST[.PORT]"), client)
            }
            "/patch/set" => self.set(Args::new(args, "ID PARAM VALUE"), client),
            "/patch/new" => {
                Args::new(args, "none").end()?;
                self.stage(client, Request::Clear)
            }
            "/patch/load" => self.load(Args::new(args, "JSON"), client),
            "/patch/get" => {
                Args::new(args, "none").end()?;
                self.get(client)
            }
            "/patch/commit" => self.commit(Args::new(args, "[strict]"), client),
            "/patch/abort" => {
                Args::new(args, "none").end()?;
                drop(self.stages.take(client));
                Ok(Done::Ok)
            }
            "/note" => {
                let mut args = Args::new(args, "KEY VELOCITY");
                let (key, velocity) = (args.key()?, args.velocity()?);
                args.end()?;
                self.engine.note(key, velocity);
                Ok(Done::Quiet)
            }
            "/engine/status" => {
                Args::new(args, "none").end()?;
                self.replies.json(client, addr, status(&self.engine, self.port));
                Ok(Done::Quiet)
            }
            _ => Err("there is no such request; see the table in the documentation of the remote \
                      (/patch/…, /mod/…, /gate/…, /note, /engine/status)"
                .into()),
        }
    }

    fn stage(&mut self, client: SocketAddr, request: Request) -> Result<Done, String> {
        phrase::check(&request, self.engine.registry())?;
        if let Some(evicted) = self.stages.add(client, request)? {
            let text = format!(
                "your {} staged edits were dropped: too many clients stage at once, and you were \
                 idle longest; stage them again",
                evicted.edits
            );
            self.replies.error(evicted.client, "/patch/abort", &text);
        }
        Ok(Done::Ok)
    }

    fn create(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let (id, kind) = (args.word()?, args.word()?);
        args.end()?;
        let before = self.engine.playing().1.modules.len() + self.stages.created(client);
        self.stage(client, Request::Create { id, kind, position: free_place(before) })
    }

    fn delete(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let id = args.word()?;
        args.end()?;
        self.stage(client, Request::Delete { id })
    }

    fn connect(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let (from, to) = (args.word()?, args.word()?);
        let gain = args.optional_number()?.unwrap_or(1.0);
        args.end()?;
        self.stage(client, Request::Connect { from, to, gain })
    }

    fn disconnect(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let (from, to) = (args.word()?, args.word()?);
        args.end()?;
        self.stage(client, Request::Disconnect { from, to })
    }

    fn set(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let (id, param, value) = (args.word()?, args.word()?, args.number()?);
        args.end()?;
        self.stage(client, Request::Set { id, param, value })
    }

    fn load(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let json = args.text()?;
        args.end()?;
        let patch = Patch::from_json(&json).map_err(|e| e.to_string())?;
        self.stage(client, Request::Replace(Box::new(patch)))
    }

    /// `/mod/ID/PARAM VALUE`: a staged value, a macro's, or the param's own.
    fn turn(&mut self, target: &str, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let (id, param) =
            target.rsplit_once('/').ok_or("name a module and a param: /mod/ID/PARAM VALUE")?;
        let value = args.number()?;
        args.end()?;
        let live = ModuleId::new(id).ok().and_then(|id| self.engine.module_key(&id)).is_some();
        if !live && self.stages.creates(client, id) {
            let (id, param) = (id.into(), param.into());
            return self.stage(client, Request::Set { id, param, value }).map(|_| Done::Quiet);
        }
        match macro_for(&self.engine.document(), self.engine.registry(), id, param, value) {
            Some((index, position)) => self.macros.turn_macro(&self.engine, index, position),
            None => self.engine.turn(id, param, value).map_err(|e| e.to_string())?,
        }
        Ok(Done::Quiet)
    }

    fn commit(&mut self, mut args: Args, client: SocketAddr) -> Result<Done, String> {
        let strict = match args.optional_word()?.as_deref() {
            None => false,
            Some("strict") => true,
            Some(other) => {
                return Err(format!("`{other}` is not `strict`; arguments are [strict]"));
            }
        };
        args.end()?;
        let requests = self.stages.take(client);
        let terms = Terms { client: Client::Remote, strict, ..Terms::default() };
        let replies = self.replies.clone();
        let named = requests.clone();
        self.engine.commit(&requests, terms, move |answer| {
            replies.answer(client, &answer, &named);
        });
        Ok(Done::Quiet)
    }

    /// The document that plays, with every knob as it stands.
    fn get(&mut self, client: SocketAddr) -> Result<Done, String> {
        let (_, playing) = self.engine.playing();
        let head = self.engine.document();
        // The head knows the knobs; where it differs in more than those, it does not play.
        let patch = if same_structure(&head, &playing) { head } else { playing };
        let json = compact(&patch.to_json());
        if json.len() > DOCUMENT_BYTES {
            return Err(format!(
                "the document has {} bytes, and a packet holds {DOCUMENT_BYTES}: save it from the \
                 editor instead",
                json.len()
            ));
        }
        self.replies.json(client, "/patch", json);
        Ok(Done::Quiet)
    }
}

fn same_structure(a: &Patch, b: &Patch) -> bool {
    let kinds = |p: &Patch| -> Vec<(ModuleId, String)> {
        p.modules.iter().map(|(id, m)| (id.clone(), m.kind.clone())).collect()
    };
    a.cables == b.cables && kinds(a) == kinds(b)
}

/// `json` without the spaces that make it readable.
fn compact(json: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(json);
    value.map_or_else(|_| json.into(), |value| value.to_string())
}

/// A place on the canvas for the module after `count` others, so that they do not pile up.
fn free_place(count: usize) -> Point {
    Point { x: (count % 8) as f32 * 180.0, y: (count / 8) as f32 * 160.0 }
}
