using System.Numerics;

namespace FindMe.Faces;

/// <summary>Rates a face as a reference by its size, brightness, sharpness and pose.</summary>
/// <remarks>
/// Each criterion scores 0 (worst) to 1 (no further gain), and the quality is the product. Each score below 0.5 adds a warning with advice.
/// </remarks>
internal static class ReferenceQuality
{
    private const float WarnBelow = 0.5f;

    // Height of the face in pixels of the full-size photo. From 128 pixels on, the 112-pixel chip needs no enlargement.
    private static readonly Ramp Size = new(Worst: 32, Best: 128);

    // Mean brightness of the chip, 0 to 255.
    private static readonly Ramp Dark = new(Worst: 20, Best: 70);
    private static readonly Ramp Bright = new(Worst: 245, Best: 205);

    // Mean |Laplacian| divided by the standard deviation of brightness, which makes it independent of light and contrast. Press photos have
    // 0.08 to 0.3; blurred by 2 % of the face's height 0.05, by 4 % 0.03.
    private static readonly Ramp Sharp = new(Worst: 0.02f, Best: 0.1f);

    // Offset of the nose tip from the midpoint of the eyes, in eye distances: 0.2 still looks at the camera, 0.5 is nearly a profile.
    private static readonly Ramp Frontal = new(Worst: 0.6f, Best: 0.15f);

    /// <summary>Rates a face.</summary>
    /// <param name="picture">The decoded photo.</param>
    /// <param name="face">The face, in pixels of the full-size photo.</param>
    /// <returns>The quality, 0 to 1, and a warning for each poor criterion.</returns>
    public static (float Quality, IReadOnlyList<string> Warnings) Rate(Picture picture, DetectedFace face)
    {
        var landmarks = face.Landmarks.Scale(1 / picture.ScaleX, 1 / picture.ScaleY);
        var (brightness, sharpness) = Measure(picture, landmarks);
        ReadOnlySpan<(float Score, string Warning)> scores =
        [
            (Size.ScoreOf(face.Box.Height), "The face is small: come closer, or send a larger picture."),
            (Dark.ScoreOf(brightness), "The picture is too dark: turn towards the light."),
            (Bright.ScoreOf(brightness), "The picture is too bright: move out of the glare."),
            (Sharp.ScoreOf(sharpness), "The picture is blurred: hold the camera still."),
            (Frontal.ScoreOf(PoseOf(landmarks)), "The face is turned away: look into the camera."),
        ];
        var quality = 1f;
        var warnings = new List<string>();
        foreach (var (score, warning) in scores)
        {
            quality *= score;
            if (score < WarnBelow)
            {
                warnings.Add(warning);
            }
        }

        return (quality, warnings);
    }

    /// <summary>Measures the brightness, 0 to 255, and sharpness of the aligned chip.</summary>
    internal static (float Brightness, float Sharpness) Measure(Picture picture, Landmarks landmarks)
    {
        var portrait = FaceAlignment.FivePoints;
        var plane = portrait.Side * portrait.Side;
        var chip = Buffers.Floats.Rent(portrait.Length);
        try
        {
            portrait.Align(picture, landmarks, chip);

            // Luma of ITU-R BT.601 from the chip's red, green and blue planes.
            for (var i = 0; i < plane; i++)
            {
                chip[i] = (0.299f * chip[i]) + (0.587f * chip[plane + i]) + (0.114f * chip[(2 * plane) + i]);
            }

            return Measure(chip.AsSpan(0, plane), portrait.Side);
        }
        finally
        {
            Buffers.Floats.Return(chip);
        }
    }

    /// <summary>Returns the offset of the nose tip from the midpoint of the eyes, along the line of the eyes, in eye distances.</summary>
    internal static float PoseOf(Landmarks landmarks)
    {
        var eyes = landmarks.RightEye - landmarks.LeftEye;
        var midpoint = (landmarks.RightEye + landmarks.LeftEye) / 2;
        return Math.Abs(Vector2.Dot(landmarks.NoseTip - midpoint, eyes)) / Math.Max(eyes.LengthSquared(), float.Epsilon);
    }

    private static (float Brightness, float Sharpness) Measure(ReadOnlySpan<float> luma, int side)
    {
        var (sum, squares, edges, count) = (0.0, 0.0, 0.0, 0);
        for (var y = 1; y < side - 1; y++)
        {
            for (var i = (y * side) + 1; i < ((y + 1) * side) - 1; i++)
            {
                sum += luma[i];
                squares += luma[i] * luma[i];
                edges += Math.Abs((4 * luma[i]) - luma[i - 1] - luma[i + 1] - luma[i - side] - luma[i + side]);
                count++;
            }
        }

        var mean = sum / count;
        var deviation = Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean)));
        return ((float)mean, (float)(edges / count / Math.Max(1, deviation)));
    }

    /// <summary>Linear score of a measure, from 0 at <paramref name="Worst"/> to 1 at <paramref name="Best"/>; either may be the larger.</summary>
    private sealed record Ramp(float Worst, float Best)
    {
        public float ScoreOf(float value) => Math.Clamp((value - Worst) / (Best - Worst), 0, 1);
    }
}
