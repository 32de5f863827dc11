// The track of a temperature slider, which gives 0 to 1.5, where most happens, two thirds of its length; and when a
// pointer holds a slider.

const BEND = 1.5; // hundredths up to here, twentieths from here on
export const HIGHEST = 5;
export const TICKS = [0, 0.5, 1, 1.5, 3, 5];

/** Steps of the slider below a temperature. @param {number} t */
export const position = (t) => (t <= BEND ? t * 100 : BEND * 100 + (t - BEND) * 20);
/** @param {number} steps */
export const temperatureAt = (steps) => (steps <= BEND * 100 ? steps / 100 : (BEND * 20 + steps - BEND * 100) / 20);

/**
 * Tell when a pointer takes a slider and lets it go, anywhere.
 * @param {HTMLInputElement} input
 * @param {(held: boolean) => void} hold
 */
export function holdWhileDragged(input, hold) {
  input.addEventListener("pointerdown", () => {
    hold(true);
    const release = new AbortController();
    for (const type of ["pointerup", "pointercancel"]) {
      window.addEventListener(type, () => (release.abort(), hold(false)), { signal: release.signal });
    }
  });
}
