using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Detects frames that differ from the last one analysed.</summary>
internal sealed class SceneChange
{
    // Cells per side of the grid. A cell is about the size of the smallest face that can be recognized.
    private const int Cells = 24;

    // Minimum change of a cell's mean brightness, of 255: compression noise stays below 3, a face that appears or disappears changes tens.
    private const float Threshold = 6;

    private float[]? _last;

    /// <summary>Compares a frame with the last new one, and remembers it if it is new.</summary>
    public bool IsNew(PhotoPixels frame)
    {
        var means = MeansOf(frame);
        if (_last is not null)
        {
            var largest = 0f;
            for (var i = 0; i < means.Length; i++)
            {
                largest = Math.Max(largest, Math.Abs(means[i] - _last[i]));
            }

            if (largest < Threshold)
            {
                return false;
            }
        }

        _last = means;
        return true;
    }

    // Mean green of each cell; green contributes most to the brightness.
    private static float[] MeansOf(PhotoPixels frame)
    {
        var (sums, counts) = (new float[Cells * Cells], new int[Cells * Cells]);
        for (var y = 0; y < frame.Height; y++)
        {
            var row = y * Cells / frame.Height * Cells;
            for (var x = 0; x < frame.Width; x++)
            {
                var cell = row + (x * Cells / frame.Width);
                sums[cell] += frame.Rgb[(((y * frame.Width) + x) * 3) + 1];
                counts[cell]++;
            }
        }

        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] /= Math.Max(1, counts[i]);
        }

        return sums;
    }
}
