using System.Numerics;

namespace FindMe.Faces;

/// <summary>Crops a face as face-api.js does for the dlib model: never rotated, and with the same rounding.</summary>
/// <remarks>https://github.com/vladmandic/face-api/blob/master/src/classes/FaceLandmarks.ts, <c>align</c> with <c>useDlibAlignment</c>.</remarks>
internal static class FaceApiCrop
{
    // As shares of the crop: distance from eyes to mouth, and position of the midpoint of eyes and mouth.
    private const float EyesToMouth = 0.45f;
    private const float MidpointX = 0.5f;
    private const float MidpointY = 0.43f;

    /// <summary>Crops the face and resizes it to the chip.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="box">The detector's box, in pixels of <paramref name="picture"/>.</param>
    /// <param name="landmarks">Landmarks of the face, in pixels of <paramref name="picture"/>.</param>
    /// <param name="side">Side of the chip in pixels.</param>
    /// <param name="chip">Receives <c>[3, side, side]</c>: red, green, blue, 0 to 255.</param>
    public static void Crop(Picture picture, Box box, Landmarks landmarks, int side, Span<float> chip)
    {
        var (left, right, mouth) = (landmarks.LeftEye, landmarks.RightEye, landmarks.Mouth);
        var distance = (Vector2.Distance(left, mouth) + Vector2.Distance(right, mouth)) / 2;
        var size = MathF.Floor(distance / EyesToMouth);
        var midpoint = (left + right + mouth) / 3;
        var (x, y) = (MathF.Floor(MathF.Max(0, midpoint.X - (MidpointX * size))), MathF.Floor(MathF.Max(0, midpoint.Y - (MidpointY * size))));

        // face-api.js limits the size to that of the detector's crop, although the corner is relative to the whole picture.
        var detected = LandmarkDetection.WholePixels(box, picture);
        var aligned = new Box(x, y, Math.Min(size, detected.Width + x), Math.Min(size, detected.Height + y));
        LandmarkDetection.ResamplePadded(picture, LandmarkDetection.WholePixels(aligned, picture), side, chip, ResamplingKind.FaceApi);
    }
}
