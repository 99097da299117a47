//! The bottom line: what the engine counts, and the remote's switch.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use chronus_engine::Stage;
use egui::{Color32, DragValue, RichText, Ui};

use crate::app::EditorApp;
use crate::theme;

impl EditorApp {
    pub(crate) fn status(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            ui.style_mut().override_text_style = Some(egui::TextStyle::Small);
            self.remote(ui);
            ui.separator();
            let counters = self.engine.counters();
            let read = |counter: &AtomicU64| counter.load(Relaxed);
            let (load, voices) = self.engine.telemetry(|t| (t.load, t.voices));
            let (playing, _) = self.engine.playing();
            let head = self.engine.last_revision();
            let revision = if playing == head {
                format!("revision {playing}")
            } else {
                format!("revision {playing} (newest {head})")
            };
            ui.label(revision);
            let ms = |us: u64| us as f64 / 1000.0;
            let commits = &counters.commit_us;
            let last = ms(counters.last_commit_us());
            let tip = format!(
                "commit to swap: half within {:.1} ms, 99 of 100 within {:.1} ms",
                ms(commits.quantile(0.5)),
                ms(commits.quantile(0.99))
            );
            ui.label(format!("swap {last:.1} ms")).on_hover_text(tip);
            ui.label(format!("swaps {}", read(&counters.swapped)));
            ui.label(format!("rejected {}", read(&counters.rejected)));
            ui.label(format!("superseded {}", read(&counters.superseded)));
            let alarm = |ui: &mut Ui, name: &str, count: u64| {
                let colour = if count > 0 { theme::of(ui).bad } else { Color32::PLACEHOLDER };
                ui.label(RichText::new(format!("{name} {count}")).color(colour));
            };
            alarm(ui, "timeouts", read(&counters.timed_out));
            alarm(ui, "missed blocks", read(&counters.missed_blocks));
            alarm(ui, "late blocks", read(&counters.late_blocks));
            alarm(ui, "bad samples", read(&counters.nonfinite));
            ui.label(format!("CPU {:.1} %", load * 100.0));
            let proved = read(&counters.standby_load_ppm) as f64 / 1e4;
            let standby = match counters.stage() {
                Stage::Idle => format!("standby {proved:.1} %"),
                stage => format!("standby {}", stage.name()),
            };
            let tip = format!(
                "The standby verified last was proved to take {proved:.1} % with all voices; {} modules are being built",
                read(&counters.standby_modules)
            );
            ui.label(standby).on_hover_text(tip);
            ui.label(format!("voices {voices}"));
        });
    }

    fn remote(&mut self, ui: &mut Ui) {
        let running = self.host.remote_port();
        let mut on = running.is_some();
        let switch = ui.toggle_value(&mut on, "OSC").accessible_name("OSC remote");
        let switch = switch.on_hover_text("Remote control from this machine, by OSC over UDP");
        match running {
            Some(port) => {
                ui.colored_label(theme::of(ui).good, format!("port {port}"));
            }
            None => {
                let field = DragValue::new(&mut self.port).range(1024..=65_535);
                ui.add(field).accessible_name("OSC port");
            }
        }
        if switch.changed() {
            self.switch_remote(on);
        }
    }

    /// Starts or stops the remote.
    pub(crate) fn switch_remote(&mut self, on: bool) {
        if on {
            self.remark = self.host.start_remote(self.port).err();
        } else {
            self.host.stop_remote();
        }
    }
}
