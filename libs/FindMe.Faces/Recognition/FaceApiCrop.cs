using System.Numerics;

namespace FindMe.Faces;

/// <summary>The crop that face-api.js shows dlib's network: upright whatever the face's roll, and rounded the way it rounds.</summary>
/// <remarks>https://github.com/vladmandic/face-api/blob/master/src/classes/FaceLandmarks.ts, <c>align</c> with <c>useDlibAlignment</c>.</remarks>
internal static class FaceApiCrop
{
    // Of the crop's height, from the eyes to the mouth; and where the middle of eyes and mouth lies in it.
    private const float EyesToMouth = 0.45f;
    private const float MiddleX = 0.5f;
    private const float MiddleY = 0.43f;

    /// <summary>Cuts the crop out.</summary>
    /// <param name="picture">The picture; not changed.</param>
    /// <param name="box">The detector's box, in pixels of <paramref name="picture"/>.</param>
    /// <param name="landmarks">The face's points, in pixels of <paramref name="picture"/>.</param>
    /// <param name="side">Side of the chip.</param>
    /// <param name="chip">Gets <c>[3, side, side]</c>: red, green, blue, 0 to 255.</param>
    public static void Cut(Picture picture, Box box, Landmarks landmarks, int side, Span<float> chip)
    {
        var (left, right, mouth) = (landmarks.LeftEye, landmarks.RightEye, landmarks.Mouth);
        var distance = (Vector2.Distance(left, mouth) + Vector2.Distance(right, mouth)) / 2;
        var size = MathF.Floor(distance / EyesToMouth);
        var middle = (left + right + mouth) / 3;
        var (x, y) = (MathF.Floor(MathF.Max(0, middle.X - (MiddleX * size))), MathF.Floor(MathF.Max(0, middle.Y - (MiddleY * size))));

        // It bounds the size by that of the detector's crop although the corner is one of the whole picture.
        var detected = LandmarkDetection.WholePixels(box, picture);
        var aligned = new Box(x, y, Math.Min(size, detected.Width + x), Math.Min(size, detected.Height + y));
        LandmarkDetection.ResamplePadded(picture, LandmarkDetection.WholePixels(aligned, picture), side, chip, ResamplingKind.FaceApi);
    }
}
