// What the views use of d3; scripts/vendor_d3.py makes gptviz/views/kit/vendor/d3.js of it.
export { scaleLinear, scaleLog } from "d3-scale";
export { select } from "d3-selection";
export { zoom, zoomIdentity } from "d3-zoom";
