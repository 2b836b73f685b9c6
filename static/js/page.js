// Small comforts; every page works without them.
(function () {
  function addCopyButtons () {
    if (!navigator.clipboard) return
    document.querySelectorAll('.command:not(.copyable)').forEach(function (block) {
      var button = document.createElement('button')
      button.type = 'button'
      button.className = 'button small copy'
      button.textContent = 'Copy'
      button.setAttribute('aria-live', 'polite')
      button.addEventListener('click', async function () {
        await navigator.clipboard.writeText(block.querySelector('code').textContent)
        button.textContent = 'Copied'
        setTimeout(function () { button.textContent = 'Copy' }, 2000)
      })
      block.classList.add('copyable')
      block.append(button)
    })
  }

  function closeMenus (event) {
    document.querySelectorAll('details.menu[open]').forEach(function (menu) {
      if (event.type === 'keydown' ? event.key === 'Escape' : !menu.contains(event.target)) menu.open = false
    })
  }

  // What was refused stands where it was typed, maybe far below.
  function goToFault () {
    var wrong = document.querySelector('main [aria-invalid="true"]:not([type="hidden"])')
    if (wrong) wrong.focus()
  }

  // "2 minutes ago" ages while a page is open: counted from what the service wrote, so that no other clock has a say.
  var LENGTHS = { second: 1, minute: 60, hour: 3600 }
  var ages = new WeakMap()

  function secondsOf (words) {
    if (words === 'now') return 0
    var found = /^(an?|\d+) (second|minute|hour)s? ago$/.exec(words)
    return found ? (Number(found[1]) || 1) * LENGTHS[found[2]] : -1
  }

  function wordsOf (seconds) {
    var unit = seconds < 60 ? 'second' : seconds < 3600 ? 'minute' : 'hour'
    var count = Math.floor(seconds / LENGTHS[unit])
    if (count < 1) return 'now'
    if (count === 1) return unit === 'hour' ? 'an hour ago' : 'a ' + unit + ' ago'
    return count + ' ' + unit + 's ago'
  }

  function age () {
    document.querySelectorAll('time[datetime]').forEach(function (told) {
      var known = ages.get(told)
      if (!known || known.words !== told.textContent) {
        known = { words: told.textContent, seconds: secondsOf(told.textContent), at: performance.now() }
        ages.set(told, known)
      }
      var seconds = known.seconds + (performance.now() - known.at) / 1000
      // What is read out when it changes would be read out for ever.
      if (known.seconds < 0 || seconds >= 86400 || told.closest('[aria-live], [role="status"]')) return
      var words = wordsOf(seconds)
      if (words === told.textContent) return
      told.textContent = words
      ages.set(told, { words: words, seconds: seconds, at: performance.now() })
    })
  }

  function tellOfFailedKeys () {
    document.addEventListener('allauth.error', function (event) {
      var place = document.querySelector('[data-key-fault]')
      if (!place) return
      event.preventDefault()
      place.textContent = 'The passkey was not read. Nothing has changed; try again or use another way.'
      place.hidden = false
    })
  }

  // Who is signed out, or out of the workspace, is asked nothing more: a copy of the part has no clock.
  function stopAsking (event) {
    if (event.detail.xhr.status !== 401 && event.detail.xhr.status !== 403) return
    var part = event.detail.elt
    part.replaceWith(part.cloneNode(true))
  }

  document.addEventListener('htmx:responseError', stopAsking)
  document.addEventListener('DOMContentLoaded', addCopyButtons)
  document.addEventListener('DOMContentLoaded', goToFault)
  document.addEventListener('DOMContentLoaded', age)
  document.addEventListener('htmx:afterSettle', age)
  setInterval(age, 10000)
  document.addEventListener('htmx:afterSettle', addCopyButtons)
  document.addEventListener('click', closeMenus)
  document.addEventListener('keydown', closeMenus)
  tellOfFailedKeys()
})()
