using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>Converts a picture to the input tensor of a classifier.</summary>
/// <param name="format">Format of the tensor.</param>
internal sealed class ClassifierInput(ClassifierDescription.InputFormat format)
{
    private readonly int _plane = format.Width * format.Height;

    /// <summary>Number of values in the tensor.</summary>
    public int Length => Picture.Bands * _plane;

    public long[] Shape => format.Layout == TensorLayout.Nchw
        ? [1, Picture.Bands, format.Height, format.Width]
        : [1, format.Height, format.Width, Picture.Bands];

    /// <summary>Crops, resizes and normalizes a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="tensor">Receives <see cref="Length"/> values.</param>
    public void Fill(Picture picture, Span<float> tensor)
    {
        var planes = new float[Length];
        var crop = CropOf(picture);
        if (format.Resampling == ScalingKind.AlignCorners)
        {
            ScaleWithAlignedCorners(picture, crop, planes);
        }
        else
        {
            Resampling.Resample(
                picture, crop, crop with { X = 0, Y = 0 }, format.Width, format.Height, planes, format.Width, format.Height, ResamplingKind.Smooth);
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

    private PixelRectangle CropOf(Picture picture)
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

    // The corner pixels of source and result coincide.
    private void ScaleWithAlignedCorners(Picture picture, PixelRectangle crop, float[] planes)
    {
        ReadOnlySpan<byte> pixels = picture.Pixels;
        var (stepX, stepY) = ((crop.Width - 1) / (float)(format.Width - 1), (crop.Height - 1) / (float)(format.Height - 1));
        for (var y = 0; y < format.Height; y++)
        {
            var (top, bottom, shareY) = Neighbours(y * stepY, crop.Height);
            for (var x = 0; x < format.Width; x++)
            {
                var (left, right, shareX) = Neighbours(x * stepX, crop.Width);
                for (var channel = 0; channel < Picture.Bands; channel++)
                {
                    var upper = Lerp(pixels[At(left, top, channel)], pixels[At(right, top, channel)], shareX);
                    var lower = Lerp(pixels[At(left, bottom, channel)], pixels[At(right, bottom, channel)], shareX);
                    planes[(channel * _plane) + (y * format.Width) + x] = Lerp(upper, lower, shareY);
                }
            }
        }

        int At(int x, int y, int channel) => ((((crop.Y + y) * picture.Width) + crop.X + x) * Picture.Bands) + channel;

        static float Lerp(float from, float to, float share) => from + ((to - from) * share);

        static (int Low, int High, float Share) Neighbours(float position, int size)
        {
            var low = Math.Min((int)position, size - 1);
            return (low, Math.Min(low + 1, size - 1), position - low);
        }
    }
}
