// The shape of a sound, and a line where it plays. Without it the player alone is there.
const beginSound = async () => {
  const audio = byId("audio"), canvas = byId("wave");
  let context;
  try {
    const answer = await fetch(audio.src, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    context = new OfflineAudioContext(1, 1, 44100);
    const sound = await context.decodeAudioData(await answer.arrayBuffer());
    if (!canvas.isConnected) return;
    const samples = sound.getChannelData(0);
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const bars = Math.max(1, Math.floor(width / 3));
    const peaks = Array.from({ length: bars }, (_, i) => {
      let most = 0;
      const to = Math.floor((i + 1) * samples.length / bars);
      for (let k = Math.floor(i * samples.length / bars); k < to; k++) most = Math.max(most, Math.abs(samples[k]));
      return most;
    });
    const top = Math.max(...peaks, 1e-6);
    const paint = canvas.getContext("2d");
    const draw = () => {
      if (!canvas.isConnected) return;
      const style = getComputedStyle(canvas);
      const done = audio.duration ? audio.currentTime / audio.duration : 0;
      paint.setTransform(ratio, 0, 0, ratio, 0, 0);
      paint.clearRect(0, 0, width, height);
      peaks.forEach((p, i) => {
        paint.fillStyle = i / bars < done ? style.getPropertyValue("--accent") : style.getPropertyValue("--none");
        const h = Math.max(2, p / top * (height - 8));
        paint.fillRect(i * 3, (height - h) / 2, 2, h);
      });
      if (!audio.paused) requestAnimationFrame(draw);
    };
    for (const event of ["play", "timeupdate", "seeked", "pause"]) audio.addEventListener(event, draw);
    canvas.addEventListener("pointerdown", event => {
      audio.currentTime = event.offsetX / width * audio.duration;
      audio.play();
    });
    canvas.classList.add("drawn");
    draw();
  } catch { canvas.remove(); }
};
const soundKey = event => {
  const audio = byId("audio");
  if (!audio || !["ArrowLeft", "ArrowRight", " "].includes(event.key)) return false;
  if (event.key === " ") { if (audio.paused) audio.play(); else audio.pause(); }
  else audio.currentTime = Math.max(0, audio.currentTime + (event.key === "ArrowRight" ? 1 : -1));
  return true;
};
