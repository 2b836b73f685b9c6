// Triage by keyboard: the keys of the inbox, one report after the other, and the form of an act as a dialog.
(function () {
  var root = document.querySelector('[data-triage]')
  if (!root) return
  var side = document.getElementById('item')
  var wide = window.matchMedia('(min-width: 900px)')
  var PICKED = 'triage-picked'
  var searching = 0
  var loading = new Map()
  var wanted = ''
  var waiting = ''

  function rows () {
    return Array.from(root.querySelectorAll('[data-row]'))
  }

  // The report that is shown, or the one that is on its way.
  function hereId () {
    var item = side.querySelector('[data-item]')
    return wanted || (item ? item.dataset.item : '')
  }

  function row () {
    return rows().find(function (one) { return one.dataset.row === hereId() })
  }

  // The row one stands on, and where an act goes on to.
  function mark () {
    var all = rows()
    var at = all.indexOf(row())
    all.forEach(function (one, place) {
      one.classList.toggle('here', place === at)
      var link = one.querySelector('a')
      if (place === at) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    })
    var next = all[at + 1] || all[at - 1]
    side.querySelectorAll('input[name="next"]').forEach(function (field) {
      if (at >= 0) field.value = next ? next.dataset.row : ''
    })
    if (at >= 0 && wide.matches) all[at].scrollIntoView({ block: 'nearest' })
  }

  // Fetches a part of the page into its place; what was on its way there before is not wanted any more.
  function load (place, href) {
    if (loading.has(place)) loading.get(place).abort()
    var stop = new AbortController()
    loading.set(place, stop)
    var headers = { 'HX-Request': 'true', 'HX-Current-URL': location.href }
    return fetch(href, { headers: headers, signal: stop.signal }).then(function (answer) {
      if (!answer.ok) throw new Error(answer.headers.get('HX-Redirect') || href)
      return answer.text()
    }).then(function (text) {
      place.innerHTML = text
      loading.delete(place)
    })
  }

  function open (href) {
    wanted = new URL(href, location.href).pathname.split('/').pop()
    load(side, href).then(function () {
      wanted = ''
      history.pushState(null, '', href)
      side.scrollTop = 0
      arrive()
      if (waiting) act(waiting)
    }).catch(function (error) {
      // Another report was asked for meanwhile; or the whole page tells what is wrong.
      if (error.name !== 'AbortError') location.assign(error.message.startsWith('/') ? error.message : href)
    })
    mark()
  }

  function move (step) {
    var all = rows()
    var at = all.indexOf(row())
    var next = all[at < 0 ? 0 : at + step]
    var more = root.querySelector('[data-more]')
    if (!next && step > 0 && more) location.assign(more.href)
    if (!next) return
    if (!wide.matches) {
      location.assign(next.querySelector('a').href)
      return
    }
    next.querySelector('a').focus({ preventScroll: true })
    open(next.querySelector('a').href)
  }

  // Selected reports stay selected while one acts on others.
  function kept () {
    try { return JSON.parse(sessionStorage.getItem(PICKED)) || [] } catch (error) { return [] }
  }

  function keep () {
    var picked = rows().filter(function (one) { return one.querySelector('[name="pick"]').checked })
    try {
      sessionStorage.setItem(PICKED, JSON.stringify(picked.map(function (one) { return one.dataset.row })))
    } catch (error) { /* Without storage a selection lasts for one page. */ }
  }

  function restore () {
    var ids = kept()
    rows().forEach(function (one) {
      if (ids.includes(one.dataset.row)) one.querySelector('[name="pick"]').checked = true
    })
  }

  function select () {
    var box = row() && row().querySelector('[name="pick"]')
    if (!box) return
    box.checked = !box.checked
    keep()
  }

  // A form opens as a dialog; leaving it leads back to the report alone.
  function sheet () {
    var shown = side.querySelector('[data-sheet]')
    if (!shown || !shown.showModal) return
    // Not `close()`: that would tell the listener below, a moment later, that somebody closed it.
    shown.removeAttribute('open')
    shown.showModal()
    // At once with Escape, not at `close` a moment later: the next key is for the report already.
    shown.addEventListener('cancel', leave)
    shown.addEventListener('close', leave)
  }

  function leave () {
    var shown = side.querySelector('[data-sheet]')
    if (!shown) return
    history.replaceState(null, '', shown.querySelector('[data-close]').href)
    shown.remove()
  }

  function arrive () {
    mark()
    sheet()
  }

  function find (field) {
    clearTimeout(searching)
    var href = field.dataset.find + '?q=' + encodeURIComponent(field.value)
    return load(document.getElementById('found'), href).then(function () { return true }, function () { return false })
  }

  // A key that comes while a report is on its way is for that report.
  function act (name) {
    waiting = wanted ? name : ''
    if (waiting) return true
    var found = document.querySelector('[data-act="' + name + '"]')
    if (!found) return false
    if (found.matches('form')) found.requestSubmit()
    else open(found.href)
    return true
  }

  var ACTS = {
    1: 'accept', 2: 'duplicate', 3: 'decline', p: 'needs_proof', f: 'fix', h: 'snooze', a: 'assign', u: 'undo'
  }

  function isTyping (element) {
    if (!element || !element.closest || element.closest('input[type="checkbox"], input[type="radio"]')) return false
    return Boolean(element.closest('input, textarea, select')) || element.isContentEditable
  }

  function press (event) {
    if (document.documentElement.dataset.keys === 'off' || event.defaultPrevented || event.repeat) return
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return
    if (document.querySelector('dialog:modal')) return
    var done = true
    if (event.key === 'j') move(1)
    else if (event.key === 'k') move(-1)
    else if (event.key === 'x') select()
    else if (event.key === 'm') location.assign(root.querySelector('[data-whose]').href)
    else done = Boolean(ACTS[event.key]) && act(ACTS[event.key])
    if (done) event.preventDefault()
  }

  function click (event) {
    var target = event.target.closest ? event.target : null
    if (!target || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return
    var closing = target.closest('[data-close]')
    var opening = target.closest('[data-open]') || (wide.matches && target.closest('[data-row] > a'))
    if (closing && closing.closest('dialog:modal')) {
      event.preventDefault()
      leave()
    } else if (opening) {
      event.preventDefault()
      open(opening.href)
    }
  }

  function change (event) {
    var field = event.target
    if (field.name === 'pick') keep()
    if (field.name === 'picked' && field.value) field.form.elements.reason.value = field.value
    if (field.name === 'found') field.form.elements.canonical_id.value = field.value
  }

  function type (event) {
    var field = event.target
    if (!field.dataset.find) return
    clearTimeout(searching)
    searching = setTimeout(function () { find(field) }, 200)
  }

  function takeFirst (field) {
    var first = field.form.querySelector('[name="found"]')
    if (!first) return
    first.click()
    first.focus()
  }

  // Enter in the search takes the first that is found for what stands there now; it does not send the form.
  function enter (event) {
    var field = event.target
    if (event.key !== 'Enter' || !field.dataset || !field.dataset.find) return
    event.preventDefault()
    if (!field.value) takeFirst(field)
    else find(field).then(function (isNew) { if (isNew) takeFirst(field) })
  }

  document.addEventListener('keydown', press)
  document.addEventListener('keydown', enter)
  document.addEventListener('click', click)
  document.addEventListener('change', change)
  document.addEventListener('input', type)
  window.addEventListener('popstate', function () { location.reload() })
  document.addEventListener('submit', function (event) {
    if (event.target.id === 'many') sessionStorage.removeItem(PICKED)
  })
  restore()
  arrive()
  root.dataset.ready = 'true'
})()
