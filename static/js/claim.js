// On the claim page: the browser's own time zone, and a button that says when something was changed.
(function () {
  var form = document.querySelector('[data-claim-terms]')
  if (!form) return
  var button = form.querySelector('[data-allow]')
  var workspace = form.querySelector('[name="workspace"]')
  var name = form.querySelector('[name="workspace_name"]')

  function state () {
    return new URLSearchParams(new FormData(form)).toString()
  }

  function takeZone () {
    var zone = form.querySelector('[name="time_zone"]')
    var own = Intl.DateTimeFormat().resolvedOptions().timeZone
    if (!form.hasAttribute('data-first-look') || !own || zone.value !== 'UTC') return
    zone.value = own
    form.querySelector('[data-zone]').textContent = own
  }

  function showName () {
    name.closest('.field').hidden = workspace.value !== 'new'
  }

  takeZone()
  showName()
  var first = state()
  form.addEventListener('input', function () {
    showName()
    button.textContent = state() === first ? 'Allow it within these limits' : 'Allow it with my changes'
  })
})()
