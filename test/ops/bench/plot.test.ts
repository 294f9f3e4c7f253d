import { expect } from 'chai';
import { drawPlot, drawShares } from '../../../ops/bench/plot.js';
import type { Plot } from '../../../ops/bench/result-file.js';
import { readXml } from '../../../pki/xml/index.js';

const limits = {
  maxOctets: 1_000_000,
  maxDepth: 8,
  maxElements: 10_000,
  maxAttributes: 16,
  comments: 'refuse'
} as const;

const plot: Plot = {
  name: 'p',
  title: 'Rates & <shapes> "quoted"',
  x: 'clients',
  y: 'per second',
  logX: true,
  series: [
    {
      label: "it's <b>",
      points: [
        [1, 10],
        [8, 60],
        [128, 70]
      ]
    },
    {
      label: 'second',
      points: [
        [1, 5],
        [128, 0]
      ]
    }
  ]
};

describe('benchmark plots', () => {
  it('is well-formed SVG whose texts are what was given', () => {
    const svg = readXml(Buffer.from(drawPlot(plot)), limits);
    expect(svg.name).to.equal('svg');
    const texts = svg.children.filter(({ name }) => name === 'text').map(({ text }) => text);
    expect(texts).to.include.members([plot.title, "it's <b>", 'second', 'clients', '128']);
    expect(svg.children.filter(({ name }) => name === 'polyline')).to.have.length(2);
  });

  it('stays in its frame and has no number that is none, whatever the points', () => {
    for (const points of [
      [],
      [[0, 0]],
      [[5, 5]],
      [
        [1, 1e9],
        [2, 1]
      ],
      [
        [1, 0],
        [1, 0]
      ]
    ] as [number, number][][]) {
      const svg = drawPlot({ ...plot, series: [{ label: 'x', points }] });
      readXml(Buffer.from(svg), limits);
      expect(svg).to.not.match(/NaN|Infinity/);
    }
  });

  it('shares are bars with their per cent', () => {
    const svg = drawShares('shares', { lint: 0.1, 'proof of possession': 0.9 });
    readXml(Buffer.from(svg), limits);
    expect(svg).to.include('90.0 %');
    readXml(Buffer.from(drawShares('none', {})), limits);
  });
});
