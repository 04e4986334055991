//! A Chromium without a window, driven through the DevTools protocol over a pair of pipes.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tempfile::TempDir;

/// A page of a busy machine takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What Chromium is called, by distribution.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// A running browser, which ends with the test.
pub(crate) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Json>,
    calls: u64,
    _profile: TempDir,
}

/// A tab of it.
pub(crate) struct Page<'b> {
    browser: &'b mut Browser,
    session: String,
}

impl Browser {
    /// Starts one in which these names mean this machine.
    #[track_caller]
    pub(crate) fn start(names: &[&str]) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let rules = names.iter().map(|name| format!("MAP {name} 127.0.0.1")).collect::<Vec<_>>().join(", ");
        let mut child = spawn(&[
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            "--remote-debugging-pipe",
            &format!("--host-resolver-rules={rules}"),
            &format!("--user-data-dir={}", profile.path().display()),
            "about:blank",
        ]);
        let to = child.stdin.take().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (tell, from) = mpsc::channel();
        thread::spawn(move || {
            let mut message = Vec::new();
            while out.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let Ok(json) = serde_json::from_slice(&message) else { return };
                if tell.send(json).is_err() {
                    return;
                }
                message.clear();
            }
        });
        Self { child, to, from, calls: 0, _profile: profile }
    }

    /// Opens a tab on an address and waits for its document.
    #[track_caller]
    pub(crate) fn open(&mut self, url: &str) -> Page<'_> {
        let target = self.call(None, "Target.createTarget", &json!({ "url": "about:blank" }))["targetId"].take();
        let attached = self.call(None, "Target.attachToTarget", &json!({ "targetId": target, "flatten": true }));
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        let mut page = Page { browser: self, session };
        page.call("Page.enable", &json!({}));
        // What the policy of a document forbids it is told here.
        let watch = "window.forbidden = []; \
                     addEventListener('securitypolicyviolation', (e) => window.forbidden.push(e.violatedDirective));";
        page.call("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": watch }));
        page.call("Page.navigate", &json!({ "url": url }));
        page.until("document.readyState === 'complete' && location.href !== 'about:blank'");
        page
    }

    #[track_caller]
    fn call(&mut self, session: Option<&str>, method: &str, params: &Json) -> Json {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).unwrap();
        self.to.flush().unwrap();
        loop {
            let mut answer =
                self.from.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{method} {params}: {error}"));
            if answer["id"] == json!(self.calls) {
                assert!(answer.get("error").is_none(), "{method} {params}: {answer}");
                return answer["result"].take();
            }
        }
    }
}

/// Also of a test that fails.
impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended by itself, which is then why the test fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Page<'_> {
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, params: &Json) -> Json {
        self.browser.call(Some(&self.session), method, params)
    }

    /// What an expression comes to, a promise included.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Json {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", &params);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer:#}");
        answer["result"]["value"].take()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let wait = format!(
            "new Promise((done) => {{ \
                const begun = Date.now(); \
                const look = () => {{ \
                    let found = false; \
                    try {{ found = Boolean({expression}); }} catch {{}} \
                    if (found || Date.now() - begun > 30000) done(found); else setTimeout(look, 30); \
                }}; \
                look(); \
            }})"
        );
        if self.eval(&wait) != json!(true) {
            let shown = self.eval("document.body.innerText");
            panic!("this did not become true: {expression}\n{}", shown.as_str().unwrap_or_default());
        }
    }

    /// Waits for an element and clicks it.
    #[track_caller]
    pub(crate) fn click(&mut self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        self.until(&format!("{element} && !{element}.disabled && {element}.checkVisibility()"));
        self.eval(&format!("{element}.click()"));
    }

    /// Waits until the page shows a text.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(text)));
    }
}

/// The protocol is spoken on the descriptors 3 and 4, which are our ends of its standard input and output.
#[track_caller]
fn spawn(arguments: &[&str]) -> Child {
    for program in PROGRAMS {
        if Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            continue;
        }
        let started = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null", program])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(child) => return child,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => panic!("cannot run `{program}`: {error}"),
        }
    }
    panic!("this test needs Chromium on PATH, as one of {}; Debian's package is `chromium`", PROGRAMS.join(", "))
}
