//! What can be done to the window and the patch as a whole, for the palette: presets, sides, scenes and
//! looks. What is done on the canvas stands in [`Command`](crate::canvas::command::Command).

use chronus_engine::Request;
use chronus_patch::{Edit, Patch};
use egui::{Theme, Ui};

use crate::app::{EditorApp, Page};

/// One thing that can be done anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Opens or closes the list of presets.
    Presets,
    Save,
    SaveAs,
    NextPreset,
    PreviousPreset,
    Import,
    Export,
    /// Empties the patch.
    Empty,
    /// Opens or closes the list of modules.
    Browser,
    /// Plays the other one of A and B.
    OtherSide,
    /// Makes it the same as the one that plays.
    CopySide,
    StoreScene,
    Recall(String),
    StoreAgain(String),
    NameScene(String),
    DeleteScene(String),
    OtherTheme,
    Larger,
    Smaller,
    /// Starts or stops the OSC remote.
    Remote,
}

impl Deed {
    /// All that make sense now.
    pub(crate) fn all(patch: &Patch) -> Vec<Self> {
        let mut all = vec![
            Self::Presets,
            Self::Save,
            Self::SaveAs,
            Self::NextPreset,
            Self::PreviousPreset,
            Self::Import,
            Self::Export,
            Self::Empty,
            Self::Browser,
            Self::OtherSide,
            Self::CopySide,
            Self::StoreScene,
        ];
        for name in patch.scenes.keys() {
            let of = [Self::Recall, Self::StoreAgain, Self::NameScene, Self::DeleteScene];
            all.extend(of.map(|deed| deed(name.clone())));
        }
        all.extend([Self::OtherTheme, Self::Larger, Self::Smaller, Self::Remote]);
        all
    }

    /// What the palette calls it.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Presets => "Presets".into(),
            Self::Save => "Save preset".into(),
            Self::SaveAs => "Save preset as…".into(),
            Self::NextPreset => "Next preset".into(),
            Self::PreviousPreset => "Previous preset".into(),
            Self::Import => "Import preset…".into(),
            Self::Export => "Export patch…".into(),
            Self::Empty => "Empty patch".into(),
            Self::Browser => "List of modules".into(),
            Self::OtherSide => "Switch between A and B".into(),
            Self::CopySide => "Copy to the other side".into(),
            Self::StoreScene => "Store a scene".into(),
            Self::Recall(name) => format!("Recall scene {name}"),
            Self::StoreAgain(name) => format!("Store scene {name} again"),
            Self::NameScene(name) => format!("Rename scene {name}…"),
            Self::DeleteScene(name) => format!("Delete scene {name}"),
            Self::OtherTheme => "Dark or light theme".into(),
            Self::Larger => "Everything larger".into(),
            Self::Smaller => "Everything smaller".into(),
            Self::Remote => "OSC remote on or off".into(),
        }
    }

    /// Its key.
    pub(crate) fn keys(&self) -> &'static str {
        match self {
            Self::Presets => "Ctrl+O",
            Self::Save => "Ctrl+S",
            Self::SaveAs => "Ctrl+Shift+S",
            Self::Browser => "Ctrl+L",
            Self::Larger => "Ctrl++",
            Self::Smaller => "Ctrl+-",
            _ => "",
        }
    }
}

impl EditorApp {
    /// Does `deed`.
    pub(crate) fn carry_out(&mut self, ui: &Ui, deed: Deed) {
        let patch = self.document_now();
        match deed {
            Deed::Presets => self.toggle_presets(),
            Deed::Save => self.save(),
            Deed::SaveAs => self.save_as(),
            Deed::NextPreset => self.step_preset(true),
            Deed::PreviousPreset => self.step_preset(false),
            Deed::Import => self.import_preset(),
            Deed::Export => self.export_patch(),
            Deed::Empty => self.commit("empty patch", &[Request::Clear]),
            Deed::Browser => self.toggle_browser(ui),
            Deed::OtherSide => self.change_side(),
            Deed::CopySide => self.copy_side(),
            Deed::StoreScene => self.store_scene(&patch),
            Deed::Recall(name) => self.recall_scene(&patch, &name),
            Deed::StoreAgain(name) => {
                let scene = Some(patch.to_scene());
                self.edit(&patch, Edit::SetScene { name, scene });
            }
            Deed::NameScene(name) => {
                self.page = Page::Canvas;
                self.sides.name(name);
            }
            Deed::DeleteScene(name) => self.edit(&patch, Edit::SetScene { name, scene: None }),
            Deed::OtherTheme => {
                let other = match self.look.theme {
                    Theme::Dark => Theme::Light,
                    Theme::Light => Theme::Dark,
                };
                self.choose_look(ui, crate::look::Look { theme: other, ..self.look });
            }
            Deed::Larger => self.choose_look(ui, self.look.stepped(true)),
            Deed::Smaller => self.choose_look(ui, self.look.stepped(false)),
            Deed::Remote => self.switch_remote(self.host.remote_port().is_none()),
        }
    }
}
