using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Whether a frame shows anything that the last one looked at did not.</summary>
internal sealed class SceneChange
{
    // A cell of a 24th of the picture is about the smallest face that can be told from others.
    private const int Cells = 24;

    // Levels of 255 by which one cell's mean brightness must change: the noise of compression stays below 2 or 3, a face that comes or goes changes tens.
    private const float Threshold = 6;

    private float[]? _last;

    /// <summary>Compares with the last frame that was new, and remembers this one if it is.</summary>
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

    // Mean green, which is most of brightness, of a grid of cells.
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
