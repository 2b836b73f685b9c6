// The box above the rows chooses all of them; without a script they are chosen one by one.
(function () {
  var all = document.getElementById('action-toggle')
  if (!all) return
  all.hidden = false
  all.addEventListener('change', function () {
    document.querySelectorAll('input[name="_selected_action"]').forEach(function (box) { box.checked = all.checked })
  })
})()
