// The banner of a visit counts down. At the end the page is asked for anew, and the service leads away from it.
(() => {
  const left = document.querySelector("[data-visit-left]");
  const ends = left ? Date.parse(left.dataset.ends) : NaN;
  if (Number.isNaN(ends)) return;
  const tick = () => {
    const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
    if (seconds > 0) return;
    clearInterval(timer);
    location.reload();
  };
  const timer = setInterval(tick, 1000);
  tick();
})();
