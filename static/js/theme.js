// Light or dark as the machine has it, until somebody chooses; the choice is kept in this browser.
(function () {
  var root = document.documentElement
  var kept = null
  try { kept = localStorage.getItem('theme') } catch (error) { /* Without storage a choice lasts for one page. */ }
  if (kept === 'light' || kept === 'dark') root.dataset.theme = kept

  function shown () {
    if (root.dataset.theme) return root.dataset.theme
    return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  }

  document.addEventListener('DOMContentLoaded', function () {
    document.querySelectorAll('[data-theme-switch]').forEach(function (button) {
      button.hidden = false
      button.addEventListener('click', function () {
        root.dataset.theme = shown() === 'dark' ? 'light' : 'dark'
        try { localStorage.setItem('theme', root.dataset.theme) } catch (error) { /* As above. */ }
      })
    })
  })
})()
