// The activity browser: keys, the drawer, dragging over the time, live rows. The page works without it.
(function () {
  function page () { return document.querySelector('.activity') }
  function drawer () { return document.getElementById('drawer') }
  function rows () { return document.getElementById('rows') }
  function isOpen () { return Boolean(drawer() && drawer().querySelector('.drawer-inside')) }

  function mark (reference) {
    document.querySelectorAll('#rows .open').forEach(function (link) {
      if (reference && link.closest('li').id === 'row-' + reference) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    })
  }

  function current () {
    var chosen = document.activeElement && document.activeElement.closest('#rows > li')
    return chosen || document.querySelector('#rows > li:has(.open[aria-current="true"])')
  }

  function move (step) {
    var all = Array.from(document.querySelectorAll('#rows > li'))
    var at = all.indexOf(current())
    var next = all[at < 0 ? 0 : at + step]
    if (!next) return
    var link = next.querySelector('.open')
    link.focus({ preventScroll: true })
    next.scrollIntoView({ block: 'nearest' })
    if (isOpen()) link.click()
  }

  function close () {
    if (!isOpen()) return
    var inside = drawer().querySelector('.drawer-inside')
    var row = document.getElementById('row-' + inside.dataset.event)
    history.replaceState({ htmx: true }, '', inside.querySelector('[data-close]').href)
    drawer().replaceChildren()
    mark(null)
    if (row) row.querySelector('.open').focus({ preventScroll: true })
  }

  function isTyping (element) {
    return Boolean(element && element.closest && element.closest('input, textarea, select, [contenteditable]'))
  }

  function press (event) {
    if (!page() || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (document.querySelector('dialog[open]') || isTyping(event.target)) return
    if (event.key === 'Escape') return close()
    var letters = document.documentElement.dataset.keys !== 'off'
    var inList = Boolean(event.target.closest && event.target.closest('#rows, #drawer'))
    var step = { j: letters ? 1 : 0, k: letters ? -1 : 0, ArrowDown: inList ? 1 : 0, ArrowUp: inList ? -1 : 0 }[event.key]
    if (!step) return
    event.preventDefault()
    move(step)
  }

  // Copying, for whoever has a clipboard.
  function showCopies (inside) {
    if (!navigator.clipboard || !inside.querySelectorAll) return
    inside.querySelectorAll('.copy-id').forEach(function (button) { button.hidden = false })
  }

  async function copy (button) {
    var told = button.firstChild.textContent
    await navigator.clipboard.writeText(button.dataset.copy)
    button.firstChild.textContent = 'Copied'
    setTimeout(function () { button.firstChild.textContent = told }, 1500)
  }

  function click (event) {
    var button = event.target.closest('.copy-id')
    if (button) return copy(button)
    if (event.target.closest('[data-pill]')) return take(true)
    if (event.target.closest('[data-close]') && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      close()
    }
  }

  // Live rows wait in #incoming while somebody reads; a row that is there already is not shown twice.
  function take (asked) {
    var incoming = document.getElementById('incoming')
    var pill = document.querySelector('[data-pill]')
    if (!incoming || !rows() || !pill) return
    Array.from(incoming.children).forEach(function (row) {
      if (rows().querySelector('#' + row.id) || waiting.some(function (one) { return one.id === row.id })) row.remove()
    })
    waiting = Array.from(incoming.children).concat(waiting)
    incoming.replaceChildren()
    if (!waiting.length || (!asked && rows().matches(':hover, :focus-within'))) {
      pill.hidden = !waiting.length
      pill.textContent = waiting.length + ' new'
      return
    }
    document.querySelector('[data-live-told]').textContent = waiting.length + ' new'
    rows().prepend(...waiting)
    waiting.forEach(showCopies)
    waiting = []
    pill.hidden = true
    var empty = document.querySelector('.stream > .empty')
    if (empty) empty.remove()
  }

  var waiting = []

  function endLive () {
    var line = document.querySelector('.live-line')
    var state = document.getElementById('tail')
    if (state) state.replaceWith(state.cloneNode(true))
    if (line) line.textContent = 'Not live any more. Load the page anew.'
  }

  // Dragging over the bars asks for the time between; without a drag a bar is a link.
  var from = null
  var dragged = false

  function place (event) {
    var bars = event.target.closest && event.target.closest('.bars')
    if (!bars) return null
    var box = bars.getBoundingClientRect()
    return { bars: bars, part: Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) }
  }

  function down (event) {
    from = event.button === 0 ? place(event) : null
    dragged = false
  }

  function drag (event) {
    if (!from) return
    var box = from.bars.getBoundingClientRect()
    var part = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1)
    if (Math.abs(part - from.part) * box.width > 6) dragged = true
    if (!dragged) return
    var zone = from.bars.querySelector('.zone')
    zone.setAttribute('x', Math.min(part, from.part) * 960)
    zone.setAttribute('width', Math.abs(part - from.part) * 960)
    from.to = part
  }

  function up () {
    if (!from || !dragged) {
      from = null
      return
    }
    var links = Array.from(from.bars.querySelectorAll('a'))
    var ends = [from.part, from.to].sort(function (one, other) { return one - other })
    var first = links[Math.min(Math.floor(ends[0] * links.length), links.length - 1)]
    var last = links[Math.min(Math.floor(ends[1] * links.length), links.length - 1)]
    var query = from.bars.dataset.zoom + ' created:' + first.dataset.from + '..' + last.dataset.to
    from = null
    location.assign(page().dataset.here + '?q=' + encodeURIComponent(query.trim()))
  }

  document.addEventListener('keydown', press)
  document.addEventListener('click', click)
  document.addEventListener('click', function (event) {
    if (dragged && event.target.closest && event.target.closest('.bars')) event.preventDefault()
  }, true)
  document.addEventListener('dragstart', function (event) {
    if (event.target.closest && event.target.closest('.bars')) event.preventDefault()
  })
  document.addEventListener('pointerdown', down)
  document.addEventListener('pointermove', drag)
  document.addEventListener('pointerup', up)
  document.addEventListener('htmx:beforeSwap', function (event) {
    if (event.detail.xhr.status === 304) event.detail.shouldSwap = false
  })
  document.addEventListener('htmx:responseError', function (event) {
    if (event.detail.elt.id === 'tail') endLive()
  })
  document.addEventListener('htmx:afterSettle', function (event) {
    take(false)
    showCopies(document)
    if (event.detail.target && event.detail.target.id === 'drawer' && isOpen()) {
      mark(drawer().querySelector('.drawer-inside').dataset.event)
    }
  })
  document.addEventListener('pointerout', function (event) {
    if (event.target.closest && event.target.closest('#rows')) setTimeout(take, 50, false)
  })
  showCopies(document)
  document.querySelectorAll('[data-local-zone]').forEach(function (button) {
    button.value = Intl.DateTimeFormat().resolvedOptions().timeZone
    button.textContent = 'Local, ' + button.value
    button.hidden = button.value === 'UTC'
  })
  if (isOpen()) mark(drawer().querySelector('.drawer-inside').dataset.event)
})()
