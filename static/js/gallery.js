// The gallery's keys, choosing many, the last row, and blurring. Everything else works without it.
(function () {
  var wall = document.getElementById('wall')
  var bulk = document.getElementById('bulk')
  var undone = []
  var lastChosen = null

  function tileOf (element) {
    return element && element.closest ? element.closest('.tile[data-key], [data-tile]') : null
  }

  function tiles () {
    return wall ? Array.from(wall.querySelectorAll('.tile:not(.waits)')) : []
  }

  // Keys. They act on the tile one stands on; on a picture's own page, on that picture.
  function isTyping (element) {
    if (!element || !element.closest || element.closest('input[type="checkbox"]')) return false
    return Boolean(element.closest('input, textarea, select')) || element.isContentEditable
  }

  function rate (tile, word, isUndo) {
    var form = tile.querySelector('.rating')
    var button = form && form.querySelector('[data-rate="' + word + '"]')
    if (word === 'clear') button = form && form.querySelector('[aria-pressed="true"]')
    if (!button || (word !== 'clear' && button.value === 'clear')) return false
    if (!isUndo) undone.push({ id: form.id, word: form.dataset.rating })
    button.click()
    return true
  }

  function undo () {
    var last = undone.pop()
    var form = last && document.getElementById(last.id)
    if (!form) return false
    return rate(tileOf(form), last.word, true)
  }

  function move (tile, step) {
    var all = tiles().filter(function (one) { return one.querySelector('.open') })
    var next = all[all.indexOf(tile) + step]
    if (!next) return false
    next.querySelector('.open').focus()
    return true
  }

  var RATINGS = { k: 'keep', r: 'reject', s: 'star' }

  function press (event) {
    if (document.documentElement.dataset.keys === 'off' || event.defaultPrevented) return
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || isTyping(event.target)) return
    if (document.querySelector('dialog[open], .dialog:target')) return
    var tile = tileOf(event.target) || document.querySelector('.hanging[data-tile]')
    var done = false
    if (event.key === 'u') done = undo()
    else if (!tile && (event.key === 'ArrowRight') && tiles().length && document.activeElement === document.body) {
      done = move(null, 1)
    } else if (tile && RATINGS[event.key]) done = rate(tile, RATINGS[event.key], false)
    else if (tile && event.key === 'x') done = choose(tile)
    else if (tile && event.key === 'ArrowRight') done = move(tile, 1)
    else if (tile && event.key === 'ArrowLeft') done = move(tile, -1)
    if (done) {
      event.preventDefault()
      event.stopPropagation()
    }
  }

  // Choosing many: by box, by x, and with shift from the last one to this one.
  function choose (tile) {
    var box = tile.querySelector('.choose')
    if (!box) return false
    box.checked = !box.checked
    lastChosen = tile
    tell()
    return true
  }

  function chooseUpTo (event) {
    var box = event.target
    if (!box.matches || !box.matches('.choose')) return
    var tile = tileOf(box)
    if (event.shiftKey && lastChosen) {
      var all = tiles()
      var ends = [all.indexOf(lastChosen), all.indexOf(tile)].sort(function (a, b) { return a - b })
      all.slice(ends[0], ends[1] + 1).forEach(function (one) {
        var other = one.querySelector('.choose')
        if (other) other.checked = box.checked
      })
    }
    lastChosen = tile
    tell()
  }

  function counted (number, word) {
    return number.toLocaleString('en') + ' ' + word + (number === 1 ? '' : 's')
  }

  function tell () {
    if (!bulk) return
    var chosen = document.querySelectorAll('.choose:checked')
    var sum = 0
    chosen.forEach(function (box) { sum += Number(tileOf(box).dataset.credits) })
    bulk.querySelector('[data-chosen]').textContent = counted(chosen.length, 'picture')
    bulk.querySelector('[data-chosen-price]').textContent = counted(sum, 'credit') + ', $' + (sum / 100).toFixed(2)
    bulk.querySelectorAll('[data-needs]').forEach(function (button) {
      button.disabled = chosen.length < 2 || chosen.length > 4
    })
  }

  // While older pictures are on their way, the row that they will fill waits unseen: nothing that is seen moves.
  function settle () {
    if (!wall) return
    var all = Array.from(wall.children)
    var more = document.querySelector('#older .ahead')
    var last = all.length ? all[all.length - 1].offsetTop : 0
    var isOnlyRow = all.length && all[0].offsetTop === last
    all.forEach(function (tile) {
      tile.classList.toggle('waits', Boolean(more && !isOnlyRow && window.htmx && tile.offsetTop === last))
    })
  }

  // The link to older pictures would be pushed down by them; it is shown again where they do not come.
  function giveUp (event) {
    if (event.target.matches && event.target.matches('.ahead')) document.documentElement.classList.remove('endless')
  }

  // Blurring: kept in a cookie, so that the next page is blurred before it is seen.
  function blurSwitch () {
    var button = document.querySelector('[data-blur]')
    if (!button) return
    button.classList.add('ready')
    button.addEventListener('click', function () {
      var on = button.getAttribute('aria-pressed') !== 'true'
      button.setAttribute('aria-pressed', String(on))
      document.cookie = 'gallery_blur=' + (on ? '1' : '0') + '; path=/w/; max-age=31536000; samesite=lax'
      if (wall) wall.classList.toggle('blurred', on)
      document.querySelectorAll('.seen').forEach(function (one) { one.classList.remove('seen') })
    })
  }

  function unveil (event) {
    var link = event.target.closest && event.target.closest('.blurred .open')
    if (!link) return
    var place = link.closest('.tile, .beside > li, figure')
    if (place.classList.contains('seen')) return
    event.preventDefault()
    place.classList.add('seen')
  }

  function showAtOnce () {
    var facets = document.querySelector('[data-facets]')
    if (!facets) return
    facets.addEventListener('change', function (event) {
      if (event.target.matches('select, [type="checkbox"]')) facets.requestSubmit()
    })
  }

  document.addEventListener('keydown', press, true)
  document.addEventListener('click', chooseUpTo)
  document.addEventListener('click', unveil, true)
  document.addEventListener('htmx:afterSettle', settle)
  document.addEventListener('htmx:sendError', giveUp)
  document.addEventListener('htmx:responseError', giveUp)
  window.addEventListener('resize', settle)
  window.addEventListener('pageshow', tell)
  if (bulk) bulk.addEventListener('reset', function () { setTimeout(tell) })
  if (window.htmx) document.documentElement.classList.add('endless')
  blurSwitch()
  showAtOnce()
  settle()
  tell()
})()
