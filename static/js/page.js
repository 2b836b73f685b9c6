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
  document.addEventListener('htmx:afterSettle', addCopyButtons)
  document.addEventListener('click', closeMenus)
  document.addEventListener('keydown', closeMenus)
  tellOfFailedKeys()
})()
