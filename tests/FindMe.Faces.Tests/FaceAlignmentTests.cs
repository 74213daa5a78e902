using System.Numerics;

namespace FindMe.Faces.Tests;

public sealed class FaceAlignmentTests
{
    /// <remarks>Faces that the picture contains entirely take a faster path.</remarks>
    [Theory]
    [InlineData(0.6f)]
    [InlineData(1.7f)]
    [InlineData(2.5f)]
    [InlineData(9f)]
    public void A_face_at_the_edge_is_cut_out_as_if_the_picture_continued_in_black(float scale)
    {
        const int side = 112;
        const int margin = 1_100;
        const int size = 300;
        using var picture = new Picture(size, size, size, size);
        new Random(1).NextBytes(picture.Pixels);
        using var extended = new Picture(size + (2 * margin), size + (2 * margin), 1, 1);
        extended.Pixels.Clear();
        for (var y = 0; y < size; y++)
        {
            picture.Pixels.Slice(y * size * Picture.Bands, size * Picture.Bands)
                .CopyTo(extended.Pixels[((((y + margin) * extended.Width) + margin) * Picture.Bands)..]);
        }

        var toPicture = Matrix3x2.CreateScale(scale) * Matrix3x2.CreateRotation(0.3f) * Matrix3x2.CreateTranslation(size - (side * scale / 2), -20);
        var (atEdge, inside) = (new float[Picture.Bands * side * side], new float[Picture.Bands * side * side]);

        FaceAlignment.Warp(picture, toPicture, side, atEdge);
        FaceAlignment.Warp(extended, toPicture * Matrix3x2.CreateTranslation(margin, margin), side, inside);

        Assert.Contains(atEdge, value => value == 0);
        Assert.Contains(atEdge, value => value > 100);
        Assert.All(atEdge.Zip(inside), pair => Assert.Equal(pair.First, pair.Second, tolerance: 0.5));
    }
}
