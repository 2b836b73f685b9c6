// Says once that a browser has shown the shared pictures; reading the page alone changes nothing.
(function () {
  var shown = document.querySelector('[data-opened]')
  if (shown && navigator.sendBeacon) navigator.sendBeacon(shown.dataset.opened)
})()
