// Keys of the signed-in pages: / searches, g and a letter goes somewhere, ? lists them. Never while somebody types.
(function () {
  var PAUSE = 1500
  var list = document.getElementById('keys')
  var search = document.getElementById('find')
  var goingUntil = 0
  var on = true
  try { on = localStorage.getItem('keys') !== 'off' } catch (error) { /* Without storage a choice lasts for one page. */ }

  function isTyping (element) {
    if (!element || !element.closest) return false
    if (element.closest('input[type="checkbox"], input[type="radio"], input[type="submit"], input[type="button"]')) return false
    return Boolean(element.closest('input, textarea, select, [role="textbox"]')) || element.isContentEditable
  }

  function entries () {
    return Array.from(document.querySelectorAll('.rail nav > a[data-key]'))
  }

  function row (what, keys) {
    var made = document.createElement('div')
    var name = document.createElement('dt')
    var shown = document.createElement('dd')
    name.textContent = what
    keys.forEach(function (key) {
      var cap = document.createElement('kbd')
      cap.textContent = key
      shown.append(cap)
    })
    made.append(name, shown)
    return made
  }

  // As a page tells them: "j k: Move; Enter: Open".
  function keysOfPage () {
    var teller = document.querySelector('[data-keys-of-page]')
    if (!teller) return []
    return teller.dataset.keysOfPage.split(';').map(function (pair) {
      var at = pair.indexOf(':')
      return row(pair.slice(at + 1).trim(), pair.slice(0, at).trim().split(' '))
    })
  }

  function fill () {
    var go = list.querySelector('[data-keys-go]')
    entries().forEach(function (entry) {
      go.append(row(entry.dataset.name, ['g', entry.dataset.key]))
    })
    list.querySelector('[data-keys-here]').append(...keysOfPage())
    var choice = document.getElementById('keys-on')
    choice.checked = on
    choice.addEventListener('change', function () {
      on = choice.checked
      document.documentElement.dataset.keys = on ? 'on' : 'off'
      try { localStorage.setItem('keys', on ? 'on' : 'off') } catch (error) { /* As above. */ }
    })
  }

  function show () {
    document.querySelectorAll('details.menu[open]').forEach(function (menu) { menu.open = false })
    if (list && !list.open) list.showModal()
  }

  function go (letter) {
    var entry = entries().find(function (one) { return one.dataset.key === letter })
    if (entry) location.assign(entry.href)
    return Boolean(entry)
  }

  // Returns whether the key was for us.
  function act (key) {
    var going = Date.now() < goingUntil
    goingUntil = 0
    if (going && go(key)) return true
    if (key === 'g') {
      goingUntil = Date.now() + PAUSE
      return true
    }
    if (key === '?' && list) {
      show()
      return true
    }
    if (key === '/' && search) {
      search.focus()
      search.select()
      return true
    }
    return false
  }

  function press (event) {
    if (event.key === 'Escape' && event.target === search && !search.value) search.blur()
    if (!on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    if (event.isComposing || event.repeat || isTyping(event.target)) return
    if (document.querySelector('dialog[open], .dialog:target')) return
    if (act(event.key)) event.preventDefault()
  }

  document.documentElement.dataset.keys = on ? 'on' : 'off'
  document.addEventListener('keydown', press)
  if (list) {
    fill()
    document.querySelectorAll('[data-keys-open]').forEach(function (button) {
      button.hidden = false
      button.addEventListener('click', show)
    })
  }
})()
