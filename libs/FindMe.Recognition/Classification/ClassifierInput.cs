using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A picture → the tensor that a classifier takes.</summary>
/// <param name="format">What it takes.</param>
internal sealed class ClassifierInput(ClassifierDescription.InputFormat format)
{
    private readonly int _plane = format.Width * format.Height;

    /// <summary>Values of the tensor.</summary>
    public int Length => Picture.Bands * _plane;

    /// <summary>The tensor's shape.</summary>
    public long[] Shape => format.Layout == TensorLayout.Nchw
        ? [1, Picture.Bands, format.Height, format.Width]
        : [1, format.Height, format.Width, Picture.Bands];

    /// <summary>Fills the tensor.</summary>
    /// <param name="picture">The picture; not changed.</param>
    /// <param name="tensor">Gets <see cref="Length"/> values.</param>
    public void Fill(Picture picture, Span<float> tensor)
    {
        var planes = new float[Length];
        var part = PartOf(picture);
        if (format.Resampling == ScalingKind.AlignCorners)
        {
            ScaleWithAlignedCorners(picture, part, planes);
        }
        else
        {
            Resampling.Resample(
                picture, part, part with { X = 0, Y = 0 }, format.Width, format.Height, planes, format.Width, format.Height, ResamplingKind.Smooth);
        }

        for (var channel = 0; channel < Picture.Bands; channel++)
        {
            var source = planes.AsSpan((format.Channels == ChannelOrder.Rgb ? channel : Picture.Bands - 1 - channel) * _plane, _plane);
            var (mean, factor) = (format.Mean[channel], 1 / format.Divisor[channel]);
            var (start, step) = format.Layout == TensorLayout.Nchw ? (channel * _plane, 1) : (channel, Picture.Bands);
            for (var i = 0; i < _plane; i++)
            {
                tensor[start + (i * step)] = (source[i] - mean) * factor;
            }
        }
    }

    private PixelRectangle PartOf(Picture picture)
    {
        if (format.Fit == FitKind.Stretch)
        {
            return new PixelRectangle(0, 0, picture.Width, picture.Height);
        }

        var scale = Math.Min((float)picture.Width / format.Width, (float)picture.Height / format.Height) * format.Share;
        var width = Math.Clamp((int)MathF.Round(format.Width * scale), 1, picture.Width);
        var height = Math.Clamp((int)MathF.Round(format.Height * scale), 1, picture.Height);
        return new PixelRectangle((picture.Width - width) / 2, (picture.Height - height) / 2, width, height);
    }

    // The first and the last pixels of both sizes lie on each other.
    private void ScaleWithAlignedCorners(Picture picture, PixelRectangle part, float[] planes)
    {
        ReadOnlySpan<byte> pixels = picture.Pixels;
        var (stepX, stepY) = ((part.Width - 1) / (float)(format.Width - 1), (part.Height - 1) / (float)(format.Height - 1));
        for (var y = 0; y < format.Height; y++)
        {
            var (top, bottom, shareY) = Neighbours(y * stepY, part.Height);
            for (var x = 0; x < format.Width; x++)
            {
                var (left, right, shareX) = Neighbours(x * stepX, part.Width);
                for (var channel = 0; channel < Picture.Bands; channel++)
                {
                    var upper = Between(pixels[At(left, top, channel)], pixels[At(right, top, channel)], shareX);
                    var lower = Between(pixels[At(left, bottom, channel)], pixels[At(right, bottom, channel)], shareX);
                    planes[(channel * _plane) + (y * format.Width) + x] = Between(upper, lower, shareY);
                }
            }
        }

        int At(int x, int y, int channel) => ((((part.Y + y) * picture.Width) + part.X + x) * Picture.Bands) + channel;

        static float Between(float from, float to, float share) => from + ((to - from) * share);

        static (int Low, int High, float Share) Neighbours(float position, int size)
        {
            var low = Math.Min((int)position, size - 1);
            return (low, Math.Min(low + 1, size - 1), position - low);
        }
    }
}
