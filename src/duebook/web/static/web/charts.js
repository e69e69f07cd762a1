// Draws the bar charts of a page: each <canvas data-bars="id"> gets the data of the JSON block with that id.
// The same figures stand somewhere as a table, for those who see no chart.
(() => {
  "use strict";

  const COLOURS = ["#0f766e", "#5fb0a5", "#f0b65c", "#7c93a8", "#d98a5b", "#b9d8d3", "#94866d", "#4b5f73"];

  const short = (locale) => new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }).format;
  const exact = (locale, currency) => new Intl.NumberFormat(locale, { style: "currency", currency }).format;

  function draw(canvas) {
    const data = JSON.parse(document.getElementById(canvas.dataset.bars).textContent);
    const tick = short(data.locale);
    const amount = exact(data.locale, data.currency);
    new window.Chart(canvas, {
      type: "bar",
      data: {
        labels: data.labels,
        datasets: data.stacks.map((stack, index) => ({
          label: stack.label,
          data: stack.values.map(Number),
          backgroundColor: COLOURS[index % COLOURS.length],
          borderRadius: 2,
          maxBarThickness: 28,
          categoryPercentage: 0.9,
          barPercentage: 0.85,
        })),
      },
      options: {
        animation: false,
        maintainAspectRatio: false,
        interaction: { mode: "index", intersect: false },
        scales: {
          x: { stacked: true, grid: { display: false }, border: { color: "#e4e7e5" }, ticks: { maxRotation: 0, autoSkipPadding: 12, color: "#5f6865" } },
          y: { stacked: true, border: { display: false }, grid: { color: "#eef0ef" }, ticks: { callback: (value) => tick(value), maxTicksLimit: 5, color: "#5f6865" } },
        },
        plugins: {
          legend: { display: data.stacks.length > 1, position: "bottom", labels: { boxWidth: 10, boxHeight: 10, color: "#1f2725" } },
          tooltip: {
            filter: (item) => item.raw !== 0,
            callbacks: { label: (item) => ` ${item.dataset.label}: ${amount(item.raw)}` },
          },
        },
      },
    });
  }

  document.querySelectorAll("canvas[data-bars]").forEach(draw);
})();
