
'use strict';
(() => {
  // Elements are described and then made to be so: what stays is not touched, so that focus and half-written answers stay, too.
  const h = (tag, attrs, ...children) => ({
    tag, attrs: attrs || {}, children: children.flat(9).filter((child) => child !== null && child !== undefined && child !== false),
  });

  const make = (wanted) => (typeof wanted === 'object' ? document.createElement(wanted.tag) : document.createTextNode(wanted));

  const fits = (node, wanted) => {
    if (typeof wanted !== 'object') return node.nodeType === 3;
    return node.nodeType === 1 && node.localName === wanted.tag && (node.dataset.key || '') === String(wanted.attrs.key || '');
  };

  const update = (node, wanted) => {
    if (typeof wanted !== 'object') {
      if (node.data !== String(wanted)) node.data = String(wanted);
      return;
    }
    const attrs = {};
    for (const [name, value] of Object.entries(wanted.attrs)) {
      if (value === false || value === null || value === undefined) continue;
      attrs[name === 'key' ? 'data-key' : name] = value === true ? '' : String(value);
    }
    for (const { name } of [...node.attributes]) {
      // Whether something is unfolded is its reader's choice.
      if (!(name in attrs) && !(name === 'open' && node.localName === 'details')) node.removeAttribute(name);
    }
    for (const [name, value] of Object.entries(attrs)) {
      if (node.getAttribute(name) !== value) node.setAttribute(name, value);
    }
    patch(node, wanted.children);
  };

  const patch = (parent, wanted) => {
    const keyed = new Map();
    for (const node of parent.children) if (node.dataset.key) keyed.set(node.dataset.key, node);
    let at = parent.firstChild;
    for (const child of wanted) {
      let node = typeof child === 'object' && child.attrs.key ? keyed.get(String(child.attrs.key)) : null;
      if (!node && at && fits(at, child)) node = at;
      if (!node) node = make(child);
      if (node === at) at = at.nextSibling;
      else parent.insertBefore(node, at);
      update(node, child);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  };

  const $ = (id) => document.getElementById(id);
  const TOKEN = 'longshore-token';
  const KEPT = 5000;

  let view = null;
  let received = 0;
  let online = false;
  let token = sessionStorage.getItem(TOKEN) || '';
  let chosen = { pipeline: '', execution: '', run: '' };
  let log = { title: '', lines: [], next: 0, gone: 0 };
  let waiting = null;

  // The address keeps what is looked at, never the token.
  const readAddress = () => {
    const told = new URLSearchParams(location.hash.slice(1));
    if (told.has('token')) {
      token = told.get('token');
      sessionStorage.setItem(TOKEN, token);
      told.delete('token');
      history.replaceState(null, '', `#${told}`);
    }
    chosen.pipeline = told.get('pipeline') || '';
    chosen.execution = told.get('execution') || '';
  };

  const writeAddress = () => {
    const told = new URLSearchParams();
    if (chosen.pipeline) told.set('pipeline', chosen.pipeline);
    if (chosen.execution) told.set('execution', chosen.execution);
    history.replaceState(null, '', `#${told}`);
  };

  // Words and times.

  const WORDS = { InProgress: 'In progress', Waiting: 'Needs approval' };
  const SIGNS = {
    Succeeded: '✓', Failed: '✕', Errored: '✕', Overridden: '»', Cancelled: '–', InProgress: '●', Waiting: '?', Stopped: '■', Stopping: '■', Superseded: '»', Abandoned: '–', Skipped: '»',
  };
  const word = (status) => WORDS[status] || status || 'Never ran';
  const dot = (status) =>
    h('span', { class: 'dot', 'data-status': status || 'None', role: 'img', 'aria-label': word(status) }, SIGNS[status] || '·');
  const badge = (status) => h('span', { class: 'badge', 'data-status': status || 'None' }, h('b', { 'aria-hidden': 'true' }, SIGNS[status] || '·'), word(status));
  const short = (id) => id.slice(0, 8);

  const now = () => view.now + (performance.now() - received) / 1000;
  const span = (seconds) => {
    const s = Math.max(0, Math.round(seconds));
    if (s < 60) return `${s} s`;
    if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
    if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
  };
  const took = (it) => span((it.ended || now()) - it.started);
  const clock = (seconds) => new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  const when = (seconds) => h('time', { datetime: new Date(seconds * 1000).toISOString(), title: clock(seconds) }, `${span(now() - seconds)} ago`);

  // What is drawn.

  const button = (text, what, args, more) =>
    h('button', { type: 'button', 'data-do': what, 'data-args': JSON.stringify(args || {}), ...(more || {}) }, text);

  const drawPipelines = () => {
    const line = (it) => {
      const status = it.approvals ? 'Waiting' : it.status;
      return h('li', { key: it.name }, h('button', {
        type: 'button', 'data-do': 'pipeline', 'data-args': JSON.stringify({ name: it.name }),
        'aria-current': view.pipeline && view.pipeline.name === it.name ? 'page' : false,
      }, dot(status), h('span', { class: 'name' }, it.name), it.approvals ? h('span', { class: 'badge', 'data-status': 'Waiting' }, String(it.approvals)) : null));
    };
    patch($('pipelines'), [
      h('h2', {}, 'Pipelines'),
      h('ul', {}, view.pipelines.map(line)),
      view.more ? h('p', { class: 'by' }, `and ${view.more} more`) : null,
    ].filter(Boolean));
  };

  const drawAsk = (stage, action) => {
    const { approval, id } = action.run;
    const args = { stage: stage.name, action: action.name, token: id };
    const field = `why-${id}`;
    return h('form', { class: 'ask', key: id, 'data-form': 'approval', 'data-args': JSON.stringify(args), 'aria-label': `Approval ${action.name}` },
      h('p', { class: 'about' }, approval.about || 'Somebody has to approve this.'),
      approval.link ? h('p', {}, h('a', { href: approval.link, target: '_blank', rel: 'noopener noreferrer' }, 'What to look at')) : null,
      token
        ? [
          h('label', { for: field }, approval.summaryRequired ? 'Why (required)' : 'Why (optional)'),
          h('textarea', { id: field, name: 'summary', maxlength: 512, required: approval.summaryRequired }),
          h('div', { class: 'row' },
            h('button', { type: 'submit', class: 'yes', value: 'Approved' }, 'Approve'),
            h('button', { type: 'submit', class: 'no', value: 'Rejected' }, 'Reject')),
        ]
        : h('p', { class: 'by' }, 'Unlock the page with its token to answer.'));
  };

  const drawAction = (stage, action, before) => {
    const { run } = action;
    const status = run && (run.approval ? 'Waiting' : run.status);
    const said = run && (run.error ? `${run.error.message}` : run.summary);
    return h('li', { key: action.name, class: before && before.order === action.order ? 'beside' : false },
      h('div', { class: 'action' }, dot(status),
        h('div', { class: 'what' },
          h('div', { class: 'name' }, action.name),
          h('div', { class: 'by' }, `${action.provider}${run ? ` · ${took(run)}` : ''}`),
          run && run.external ? h('span', { class: 'id ref', title: run.external }, run.external) : null,
          said ? h('p', { class: run.error ? 'said bad' : 'said' }, said) : null,
          run && run.outdated ? h('p', { class: 'said bad' }, 'The pipeline was updated: nobody can answer this any more. Stop the execution.') : null),
        run && run.lines ? button('Log', 'log', { run: run.id, title: `${stage.name} / ${action.name}` }, { class: 'quiet', 'aria-label': `Log of ${action.name}` }) : null),
      run && run.approval ? drawAsk(stage, action) : null);
  };

  const GATES = { BeforeEntry: 'Before entry', OnSuccess: 'On success', OnFailure: 'On failure' };
  const TYPES = { BeforeEntry: 'BEFORE_ENTRY', OnSuccess: 'ON_SUCCESS' };
  const drawGate = (stage, gate) => h('div', { class: 'gate' },
    h('p', { class: 'by' }, `${GATES[gate.gate] || gate.gate}: ${word(gate.status)}`),
    gate.rules.map((rule) => h('div', { class: 'action' }, dot(rule.status),
      h('div', { class: 'what' }, h('div', { class: 'name' }, rule.name), rule.said ? h('p', { class: 'said' }, rule.said) : null),
      rule.lines ? button('Log', 'log', { run: rule.id, title: `${stage.name} / ${rule.name}` }, { class: 'quiet', 'aria-label': `Log of ${rule.name}` }) : null)),
    token && TYPES[gate.gate] && ['InProgress', 'Failed', 'Errored'].includes(gate.status)
      ? button('Override', 'override', { stage: stage.name, execution: stage.passage.execution, type: TYPES[gate.gate] }) : null);

  const drawStage = (stage) => {
    const { passage } = stage;
    const waits = stage.actions.some((action) => action.run && action.run.approval);
    const status = passage && (waits ? 'Waiting' : passage.status);
    const retry = { stage: stage.name, execution: passage && passage.execution };
    return h('section', { class: 'stage', key: stage.name, 'aria-label': `Stage ${stage.name}` },
      h('header', {}, h('h3', {}, stage.name), passage ? badge(status) : null),
      stage.disabled ? h('p', { class: 'shut' }, `Nothing may enter: ${stage.disabled}`) : null,
      h('p', { class: 'sub' },
        passage ? button(short(passage.execution), 'execution', { id: passage.execution }, { class: 'id', title: passage.execution }) : 'No execution yet',
        passage ? h('span', {}, took(passage)) : null,
        passage && passage.retries ? h('span', {}, `retried ${passage.retries} ×`) : null,
        stage.waiting.length ? h('span', {}, `${stage.waiting.length} waiting: ${stage.waiting.map(short).join(', ')}`) : null),
      stage.gates.length ? h('div', { class: 'gates', key: 'gates' }, stage.gates.map((gate) => drawGate(stage, gate))) : null,
      h('ol', { class: 'actions' }, stage.actions.map((action, at) => drawAction(stage, action, stage.actions[at - 1]))),
      token ? h('footer', {},
        stage.retry ? button('Retry failed', 'retry', { ...retry, mode: 'FAILED_ACTIONS' }, { class: 'main' }) : null,
        stage.retry ? button('Retry all', 'retry', { ...retry, mode: 'ALL_ACTIONS' }) : null,
        stage.disabled
          ? button('Enable entry', 'enable', { stage: stage.name })
          : h('details', { key: 'shut' }, h('summary', { class: 'quiet button' }, 'Disable entry'),
            h('form', { class: 'form', 'data-form': 'disable', 'data-args': JSON.stringify({ stage: stage.name }) },
              h('label', { for: `shut-${stage.name}` }, 'Why'),
              h('input', { id: `shut-${stage.name}`, name: 'reason', required: true, maxlength: 300, pattern: '[a-zA-Z0-9!@ \\(\\)\\.\\*\\?\\-]+' }),
              h('div', { class: 'row' }, h('button', { type: 'submit' }, 'Disable'))))) : null);
  };

  const drawExecution = (it) => {
    const variables = Object.entries(it.variables);
    const succeeded = it.stages.filter((stage) => stage.status === 'Succeeded' && !it.rollbackTo);
    return h('li', { key: it.id, 'aria-current': view.pipeline.selected === it.id ? 'true' : false },
      h('div', {}, badge(it.stopping ? 'Stopping' : it.status)),
      h('div', {},
        h('p', { class: 'line' },
          button(short(it.id), 'execution', { id: it.id }, { class: 'id', title: it.id }),
          h('span', { class: 'trail', role: 'img', 'aria-label': it.stages.map((stage) => `${stage.name}: ${word(stage.status)}`).join(', ') },
            it.stages.map((stage) => h('i', { 'data-status': stage.status || 'None', title: `${stage.name}: ${word(stage.status)}` }))),
          h('span', {}, 'started ', when(it.started)), h('span', {}, `${it.ended ? 'took' : 'for'} ${took(it)}`)),
        h('p', { class: 'line minor' },
          h('span', { title: it.by }, it.rollbackTo ? `${it.trigger} to ${short(it.rollbackTo)}` : it.trigger),
          h('span', {}, `version ${it.version}`),
          it.attempt > 1 ? h('span', {}, `attempt ${it.attempt}`) : null,
          it.revisions.map(([action, revision]) => h('span', { title: revision }, `${action} `, h('code', {}, revision.slice(0, 12)))),
          variables.length ? h('span', {}, variables.map(([name, value]) => `${name}=${value}`).join(' ')) : null),
        it.summary ? h('p', { class: it.status === 'Failed' ? 'said bad' : 'said' }, it.summary) : null),
      token ? h('div', { class: 'do' },
        it.stoppable && !it.stopping ? button('Stop', 'stop', { id: it.id, abandon: false }, { class: 'quiet', title: 'Running actions finish first' }) : null,
        it.stoppable ? button('Abandon', 'stop', { id: it.id, abandon: true }, { class: 'quiet', title: 'Running actions are given up' }) : null,
        !it.stoppable && succeeded.length && it.version === view.pipeline.version ? h('details', { key: `back-${it.id}` },
          h('summary', { class: 'quiet button' }, 'Roll back'),
          h('div', { class: 'form' }, succeeded.map((stage) =>
            button(`${stage.name} to this`, 'rollback', { stage: stage.name, id: it.id })))) : null) : null);
  };

  const drawStart = (pipeline) => {
    if (!token) return null;
    if (!pipeline.variables.length) return button('Start', 'start', {}, { class: 'main' });
    return h('details', { key: 'start' }, h('summary', { class: 'button' }, 'Start …'),
      h('form', { class: 'form', 'data-form': 'start' },
        pipeline.variables.map((variable) => [
          h('label', { for: `var-${variable.name}` }, variable.description ? `${variable.name}: ${variable.description}` : variable.name),
          h('input', { id: `var-${variable.name}`, name: variable.name, placeholder: variable.default || '', maxlength: 1000, required: variable.default === null }),
        ]),
        h('div', { class: 'row' }, h('button', { type: 'submit', class: 'main' }, 'Start'))));
  };

  const drawMain = () => {
    const { pipeline } = view;
    if (!pipeline) {
      patch($('main'), [h('p', { class: 'empty' }, 'There is no pipeline yet: aws codepipeline create-pipeline makes one.')]);
      return;
    }
    const line = view.pipelines.find((it) => it.name === pipeline.name);
    patch($('main'), [
      h('div', { class: 'head', key: 'head' },
        h('h2', {}, pipeline.name),
        line && badge(line.approvals ? 'Waiting' : line.status),
        h('span', { class: 'meta' }, `version ${pipeline.version} · ${pipeline.mode.toLowerCase()}`),
        h('div', { class: 'do' }, drawStart(pipeline))),
      pipeline.selected ? h('p', { class: 'only', key: 'only' }, h('span', {}, 'Stages as execution ', h('code', {}, short(pipeline.selected)), ' went through them'),
        button('Show the latest', 'execution', { id: '' }, { class: 'quiet' })) : null,
      h('div', { class: 'flow', key: 'flow' }, pipeline.stages.map(drawStage)),
      h('section', { class: 'past', key: 'past', 'aria-label': 'Executions' }, h('h3', {}, 'Executions'),
        pipeline.executions.length ? h('ol', {}, pipeline.executions.map(drawExecution)) : h('p', { class: 'empty' }, 'It has never run.'),
        pipeline.older ? h('p', { class: 'empty' }, `${pipeline.older} older ones are in list-pipeline-executions.`) : null),
    ].filter(Boolean));
    const waits = view.pipelines.reduce((sum, it) => sum + it.approvals, 0);
    document.title = `${waits ? `(${waits}) ` : ''}${pipeline.name} · Longshore`;
  };

  const drawLog = () => {
    const open = Boolean(chosen.run);
    const panel = $('log');
    panel.hidden = !open;
    if (!open) return;
    const old = panel.querySelector('pre');
    const follows = !old || old.scrollHeight - old.scrollTop - old.clientHeight < 40;
    patch(panel, [
      h('header', {}, h('b', {}, log.title), h('span', { class: 'note' }, log.gone ? `${log.gone} earlier lines are gone` : `${log.next} lines`),
        button('Close', 'log', { run: '', title: '' }, { class: 'quiet' })),
      h('pre', { tabindex: '0', role: 'log', 'aria-label': `Log of ${log.title}` }, log.lines.join('\n') || 'No lines yet.'),
    ]);
    const shown = panel.querySelector('pre');
    if (follows) shown.scrollTop = shown.scrollHeight;
  };

  const draw = () => {
    const link = $('link');
    link.textContent = online ? 'live' : 'no connection, trying again';
    link.toggleAttribute('data-on', online);
    link.toggleAttribute('data-off', !online);
    $('unlock').hidden = Boolean(token);
    $('lock').hidden = !token;
    if (!view) return;
    drawPipelines();
    drawMain();
    drawLog();
  };

  // What is asked and what is answered.

  let telling = 0;
  const tell = (text, bad) => {
    const told = $('told');
    told.textContent = text;
    told.toggleAttribute('data-bad', Boolean(bad));
    told.hidden = false;
    clearTimeout(telling);
    telling = setTimeout(() => { told.hidden = true; }, bad ? 9000 : 3500);
  };

  const act = async (operation, input, done) => {
    try {
      const answer = await fetch('/page/act', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-longshore-token': token },
        body: JSON.stringify({ operation, input }),
      });
      const told = await answer.json();
      if (answer.status === 401) {
        forget();
        tell('That is not the token of this endpoint: it was printed when the endpoint began.', true);
      } else if (!answer.ok) {
        tell(`${told.code}: ${told.message}`, true);
      } else {
        tell(done);
        return true;
      }
    } catch (error) {
      tell(`The endpoint did not answer: ${error.message}`, true);
    }
    return false;
  };

  const forget = () => {
    token = '';
    sessionStorage.removeItem(TOKEN);
    draw();
  };

  const again = () => { if (waiting) waiting.abort('again'); };
  const here = () => view.pipeline.name;

  const CLICKS = {
    pipeline: ({ name }) => { chosen = { pipeline: name, execution: '', run: '' }; writeAddress(); again(); },
    execution: ({ id }) => { chosen.execution = id; chosen.pipeline = here(); writeAddress(); again(); },
    log: ({ run, title }) => { chosen.run = run; log = { title, lines: [], next: 0, gone: 0 }; draw(); again(); },
    lock: () => forget(),
    start: () => act('StartPipelineExecution', { name: here() }, 'Started.'),
    stop: ({ id, abandon }) => act('StopPipelineExecution', { pipelineName: here(), pipelineExecutionId: id, abandon, reason: 'stopped on the page' }, 'Stopping.'),
    retry: ({ stage, execution, mode }) =>
      act('RetryStageExecution', { pipelineName: here(), stageName: stage, pipelineExecutionId: execution, retryMode: mode }, `Retrying ${stage}.`),
    rollback: ({ stage, id }) =>
      act('RollbackStage', { pipelineName: here(), stageName: stage, targetPipelineExecutionId: id }, `Rolling ${stage} back to ${short(id)}.`),
    override: ({ stage, execution, type }) => act('OverrideStageCondition', {
      pipelineName: here(), stageName: stage, pipelineExecutionId: execution, conditionType: type,
    }, `The condition of ${stage} is passed over.`),
    enable: ({ stage }) => act('EnableStageTransition', { pipelineName: here(), stageName: stage, transitionType: 'Inbound' }, `Executions may enter ${stage}.`),
  };

  const FORMS = {
    approval: ({ stage, action, token: asked }, form, pressed) => act('PutApprovalResult', {
      pipelineName: here(), stageName: stage, actionName: action, token: asked,
      result: { status: pressed === 'Rejected' ? 'Rejected' : 'Approved', summary: form.elements.summary.value },
    }, pressed === 'Rejected' ? 'Rejected.' : 'Approved.'),
    disable: ({ stage }, form) => act('DisableStageTransition', {
      pipelineName: here(), stageName: stage, transitionType: 'Inbound', reason: form.elements.reason.value,
    }, `Nothing enters ${stage} any more.`),
    start: (_, form) => {
      const given = view.pipeline.variables.map(({ name }) => ({ name, value: form.elements[name].value })).filter(({ value }) => value);
      return act('StartPipelineExecution', { name: here(), ...(given.length ? { variables: given } : {}) }, 'Started.');
    },
  };

  document.addEventListener('click', (event) => {
    const pressed = event.target.closest('[data-do]');
    if (pressed && CLICKS[pressed.dataset.do]) CLICKS[pressed.dataset.do](JSON.parse(pressed.dataset.args || '{}'));
  });

  document.addEventListener('submit', async (event) => {
    event.preventDefault();
    const form = event.target;
    if (form.id === 'unlock') {
      token = form.elements.token.value.trim();
      form.reset();
      if (token) sessionStorage.setItem(TOKEN, token);
      draw();
      return;
    }
    const known = FORMS[form.dataset.form];
    if (!known) return;
    const held = [...form.querySelectorAll('button')];
    held.forEach((one) => { one.disabled = true; });
    const done = await known(JSON.parse(form.dataset.args || '{}'), form, event.submitter && event.submitter.value);
    held.forEach((one) => { one.disabled = false; });
    const folded = form.closest('details');
    if (done && folded) folded.open = false;
  });

  window.addEventListener('hashchange', () => { readAddress(); draw(); again(); });

  const take = (answer) => {
    view = answer;
    received = performance.now();
    if (answer.log && answer.log.run === chosen.run) {
      if (answer.log.skipped > log.next) log.gone = answer.log.skipped;
      // Colours of terminals are left out.
      const fresh = answer.log.lines.map((line) => line.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll('\u001b', ''));
      log.lines.push(...fresh);
      if (log.lines.length > KEPT) log.gone += log.lines.splice(0, log.lines.length - KEPT).length;
      log.next = answer.log.next;
    }
  };

  const listen = async () => {
    let shown = '';
    let pause = 100;
    for (;;) {
      const wanted = new URLSearchParams();
      for (const [name, value] of Object.entries(chosen)) if (value) wanted.set(name, value);
      const same = `${wanted}`;
      if (chosen.run) wanted.set('from', log.next);
      if (view && online && shown === same) wanted.set('seen', view.revision);
      waiting = new AbortController();
      try {
        const answer = await fetch(`/page/view?${wanted}`, { signal: waiting.signal, cache: 'no-store' });
        if (!answer.ok) throw new Error(String(answer.status));
        const told = await answer.json();
        online = true;
        shown = same;
        pause = 100;
        take(told);
      } catch (error) {
        if (waiting.signal.aborted) continue;
        online = false;
        pause = Math.min(pause * 2, 4000);
      }
      draw();
      await new Promise((resolve) => { setTimeout(resolve, pause); });
    }
  };

  // Durations go on while nothing else happens.
  setInterval(() => { if (view && view.pipelines.some((it) => it.running)) draw(); }, 1000);

  readAddress();
  draw();
  listen();
})();
