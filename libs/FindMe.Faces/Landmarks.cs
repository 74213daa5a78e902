using System.Numerics;

namespace FindMe.Faces;

/// <summary>68 points of a face in the order of the iBUG 300-W annotation, in pixels of the upright full-size photo.</summary>
/// <remarks>
/// 0–16 jaw, 17–21 and 22–26 brows, 27–35 nose (30 is the tip), 36–41 and 42–47 eyes, 48–67 mouth (48 and 54 are the corners). Of a
/// pair, the one at the left of the picture comes first. Immutable. https://ibug.doc.ic.ac.uk/resources/300-W/
/// </remarks>
public sealed class Landmarks
{
    /// <summary>Number of points.</summary>
    public const int Count = 68;

    private readonly Vector2[] _points;

    internal Landmarks(Vector2[] points) => _points = points;

    /// <summary>The <see cref="Count"/> points; some may lie outside the photo.</summary>
    public ReadOnlySpan<Vector2> Points => _points;

    /// <summary>Index range of the eye at the left of the picture; <c>To</c> is exclusive.</summary>
    internal static readonly (int From, int To) LeftEyePoints = (36, 42);

    internal static readonly (int From, int To) RightEyePoints = (42, 48);

    internal Vector2 LeftEye => Mean(LeftEyePoints.From, LeftEyePoints.To);

    internal Vector2 RightEye => Mean(RightEyePoints.From, RightEyePoints.To);

    internal Vector2 Mouth => Mean(48, 68);

    internal Vector2 NoseTip => _points[30];

    internal Vector2 LeftMouthCorner => _points[48];

    internal Vector2 RightMouthCorner => _points[54];

    internal Landmarks Scale(float x, float y) => Map(point => point * new Vector2(x, y));

    internal Landmarks Map(Converter<Vector2, Vector2> move) => new(Array.ConvertAll(_points, move));

    /// <summary>Returns the mean of the points with these indices.</summary>
    internal Vector2 MeanOf(ReadOnlySpan<int> indices)
    {
        var sum = Vector2.Zero;
        foreach (var index in indices)
        {
            sum += _points[index];
        }

        return sum / indices.Length;
    }

    private Vector2 Mean(int from, int to)
    {
        var sum = Vector2.Zero;
        for (var i = from; i < to; i++)
        {
            sum += _points[i];
        }

        return sum / (to - from);
    }
}
