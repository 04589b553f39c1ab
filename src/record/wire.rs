//! The data types of a recording.

use std::fmt;
use std::time::Duration;

use serde::de::value::EnumAccessDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::scene::Change;
use crate::model::{self, DemoStatus, ProcessId, Queue, Snapshot, Tunables};
use crate::tui::app::{Key, MoveBatch, Pending};

/// The machine on which a recording was made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The version of dualq-top.
    pub program: String,
    /// The kernel's release.
    pub kernel: String,
}

/// One recorded event.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedEvent {
    /// Time since the recording began.
    pub at: Duration,
    /// Number of events before this one that were lost because the disk was too slow.
    pub lost: u64,
    /// The event.
    pub what: What,
}

/// An event or request, as it reached the dashboard's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// A reading of the machine.
    #[serde(rename = "Whole")]
    Snapshot(Box<Snapshot>),
    /// Moves that were requested together; the result of each follows.
    Moves(MoveBatch),
    /// The result of one move: the queue, or the refusal as a sentence.
    Moved(ProcessId, Result<Queue, String>),
    /// The result of a signal, or the refusal as a sentence.
    Signalled(Result<(), String>),
    /// A request to the scheduler.
    Asked(Pending),
    /// The result of such a request.
    Scheduler(Result<(), String>),
    /// The scheduler was attached again, for this reason.
    Restarted(String),
    /// Waits are measured, or not any more; or why they cannot be.
    Waits(Result<bool, String>),
    /// The demonstration's load.
    Demo(DemoStatus),
    /// A key was pressed.
    Key(Key),
    /// Changes, each with its cause.
    Changes(Vec<model::Change>),
    /// The level of each member after a change, or why it was not changed.
    Levelled(Vec<(ProcessId, Result<u8, String>)>),
    /// The result of a change of the tunables, or the refusal as a sentence.
    Tuned(Result<Tunables, String>),
}

/// A record in its written form.
#[derive(Debug, Serialize, Deserialize)]
pub struct WrittenEvent {
    /// Time since the recording began, in microseconds.
    pub at: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
    pub what: Written,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The content of a record in its written form. Only here are snapshots differences, so that players never see one.
#[derive(Debug, Serialize)]
pub enum Written {
    /// A snapshot, as the difference to the one before.
    Since(Box<Change>),
    /// The end mark.
    End,
    /// Any event, with a snapshot in full.
    #[serde(untagged)]
    Event(What),
}

/// Reads the tag, and then the content that it names. What serde derives for `untagged` would copy each snapshot first.
impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Content;

        impl<'de> Visitor<'de> for Content {
            type Value = Written;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an event")
            }

            fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Written, A::Error> {
                let (tag, content) = access.variant::<String>()?;
                match tag.as_str() {
                    "Since" => content.newtype_variant().map(Written::Since),
                    "End" => content.unit_variant().map(|()| Written::End),
                    _ => What::deserialize(EnumAccessDeserializer::new(Tagged { tag, content }))
                        .map(Written::Event),
                }
            }
        }

        deserializer.deserialize_enum("Written", &[], Content)
    }
}

/// An event whose tag has been read.
struct Tagged<C> {
    tag: String,
    content: C,
}

impl<'de, C: VariantAccess<'de>> EnumAccess<'de> for Tagged<C> {
    type Error = C::Error;
    type Variant = C;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, C), C::Error> {
        let variant = seed.deserialize(self.tag.into_deserializer())?;
        Ok((variant, self.content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_the_tags_that_older_recordings_have() {
        let mut reader = crate::record::shipped().unwrap();
        let snapshot = loop {
            if let What::Snapshot(snapshot) = reader.read().unwrap().unwrap().what {
                break snapshot;
            }
        };
        let change = Change::between(&snapshot, &snapshot);
        let event = Written::Event;
        let id = ProcessId {
            pid: 7,
            start_ticks: 0,
        };
        for (what, begins) in [
            (Written::End, r#""End"}"#),
            (Written::Since(Box::new(change)), r#"{"Since":{"at":"#),
            (event(What::Snapshot(snapshot)), r#"{"Whole":{"at":"#),
            (event(What::Waits(Ok(true))), r#"{"Waits":{"Ok":true}}}"#),
            (
                event(What::Moved(id, Ok(Queue::Batch))),
                r#"{"Moved":[{"pid":7"#,
            ),
        ] {
            let (at, lost) = (1, 0);
            let text = serde_json::to_string(&WrittenEvent { at, lost, what }).unwrap();
            let head = r#"{"at":1,"what":"#;
            assert!(text.starts_with(&format!("{head}{begins}")), "{text}");
            let read: WrittenEvent = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        let unknown = r#"{"at":1,"what":{"Later":1}}"#;
        let error = serde_json::from_str::<WrittenEvent>(unknown).unwrap_err();
        assert!(error.to_string().contains("Later"), "{error}");
    }
}
