// The time that is left, second by second, and an answer that says "nothing new" changes nothing.
(function () {
  var ends = new WeakMap()

  function tick () {
    document.querySelectorAll('[data-seconds]').forEach(function (clock) {
      if (!ends.has(clock)) ends.set(clock, performance.now() + Number(clock.dataset.seconds) * 1000)
      var left = Math.max(0, Math.round((ends.get(clock) - performance.now()) / 1000))
      clock.textContent = left ? Math.floor(left / 60) + ':' + String(left % 60).padStart(2, '0') + ' left' : 'Its time is over'
      if (left) return
      clock.removeAttribute('data-seconds')
      // The server's clock has the last word; it counts the parts of a second that were not told.
      setTimeout(function () {
        var part = clock.closest('[hx-get]')
        if (part && window.htmx) window.htmx.trigger(part, 'over')
      }, 1500)
    })
  }

  document.addEventListener('htmx:beforeSwap', function (event) {
    if (event.detail.xhr.status === 304) event.detail.shouldSwap = false
  })
  // Out of the workspace there is nothing to ask for: a copy of the part has no clock.
  document.addEventListener('htmx:responseError', function (event) {
    var part = event.detail.elt
    if (event.detail.xhr.status === 404 && part.isConnected) part.replaceWith(part.cloneNode(true))
  })
  tick()
  setInterval(tick, 1000)
})()
