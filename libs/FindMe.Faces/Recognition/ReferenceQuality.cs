using System.Numerics;

namespace FindMe.Faces;

/// <summary>How well a face serves as a reference: its size, its light, its sharpness, and how far it is turned away.</summary>
/// <remarks>
/// Each is a share, 0 at its worst to 1 where nothing is gained any more; the quality is their product. Where a share falls below
/// one half, a warning says what to do.
/// </remarks>
internal static class ReferenceQuality
{
    private const float WarnBelow = 0.5f;

    // Height of a face in pixels of the full photo: from 128 on, a chip of 112 is not enlarged.
    private static readonly Ramp Size = new(Worst: 32, Best: 128);

    // Mean brightness of the chip, 0 to 255.
    private static readonly Ramp Dark = new(Worst: 20, Best: 70);
    private static readonly Ramp Bright = new(Worst: 245, Best: 205);

    // Mean of |Laplacian| over the standard deviation of brightness, so that neither light nor contrast counts. Press photos have 0.08
    // to 0.3; blurred by 2 % of the face's height they have 0.05, by 4 % 0.03.
    private static readonly Ramp Sharp = new(Worst: 0.02f, Best: 0.1f);

    // How far the nose's tip lies from the middle between the eyes, in distances of the eyes: 0.2 still looks at the camera, 0.5 is
    // nearly a profile.
    private static readonly Ramp Frontal = new(Worst: 0.6f, Best: 0.15f);

    /// <summary>Judges a face.</summary>
    /// <param name="picture">The decoded photo.</param>
    /// <param name="face">The face, in pixels of the full-size photo.</param>
    /// <returns>0 to 1, and a sentence for each thing to do better.</returns>
    public static (float Quality, IReadOnlyList<string> Warnings) Judge(Picture picture, DetectedFace face)
    {
        var landmarks = face.Landmarks.Scale(1 / picture.ScaleX, 1 / picture.ScaleY);
        var (brightness, sharpness) = Measure(picture, landmarks);
        ReadOnlySpan<(float Share, string Warning)> shares =
        [
            (Size.ShareOf(face.Box.Height), "The face is small: come closer, or send a larger picture."),
            (Dark.ShareOf(brightness), "The picture is too dark: turn towards the light."),
            (Bright.ShareOf(brightness), "The picture is too bright: move out of the glare."),
            (Sharp.ShareOf(sharpness), "The picture is blurred: hold the camera still."),
            (Frontal.ShareOf(TurnOf(landmarks)), "The face is turned away: look into the camera."),
        ];
        var quality = 1f;
        var warnings = new List<string>();
        foreach (var (share, warning) in shares)
        {
            quality *= share;
            if (share < WarnBelow)
            {
                warnings.Add(warning);
            }
        }

        return (quality, warnings);
    }

    /// <summary>Brightness, 0 to 255, and sharpness of the aligned chip.</summary>
    internal static (float Brightness, float Sharpness) Measure(Picture picture, Landmarks landmarks)
    {
        var portrait = FaceAlignment.FivePoints;
        var plane = portrait.Side * portrait.Side;
        var chip = Buffers.Floats.Rent(portrait.Length);
        try
        {
            portrait.Align(picture, landmarks, chip);

            // Rec. 601 luma of the chip's red, green and blue planes.
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

    /// <summary>How far the nose's tip lies from the middle between the eyes, along their line, in distances of the eyes.</summary>
    internal static float TurnOf(Landmarks landmarks)
    {
        var eyes = landmarks.RightEye - landmarks.LeftEye;
        var middle = (landmarks.RightEye + landmarks.LeftEye) / 2;
        return Math.Abs(Vector2.Dot(landmarks.NoseTip - middle, eyes)) / Math.Max(eyes.LengthSquared(), float.Epsilon);
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

    /// <summary>A share that grows from 0 to 1 between two values of a measure, in either direction.</summary>
    private sealed record Ramp(float Worst, float Best)
    {
        public float ShareOf(float value) => Math.Clamp((value - Worst) / (Best - Worst), 0, 1);
    }
}
