using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Faces.Tests;

public sealed class ReferenceAnalysisTests(EngineFixture fixture)
{
    [Fact]
    public void Every_reference_of_the_events_is_usable_without_choosing_a_face()
    {
        var references = Directory.GetFiles(Checkouts.Shared("scenario"), "ref*.*", SearchOption.AllDirectories);

        Assert.NotEmpty(references);
        Assert.All(references, reference =>
        {
            var analysis = Read(File.ReadAllBytes(reference));
            Assert.Null(analysis.Problem);
            Assert.NotNull(analysis.Embedding);
            Assert.InRange(analysis.Quality, 0.01f, 1f);
        });
    }

    [Fact]
    public void A_group_photo_requires_choosing_a_face()
    {
        var groups = Directory.GetFiles(Checkouts.Shared("eval", "groups"));

        Assert.NotEmpty(groups);
        Assert.All(groups, group =>
        {
            var analysis = Read(File.ReadAllBytes(group));
            Assert.Equal(ReferenceProblem.SeveralFaces, analysis.Problem);
            Assert.True(analysis.Faces.Count > 1);
            Assert.Null(analysis.Embedding);
        });
    }

    [Fact]
    public void A_reference_is_the_mean_of_several_views_of_its_face()
    {
        var portrait = Portrait();

        var reference = Read(portrait).Embedding!;

        var face = fixture.Engine.Analyze(portrait, TestContext.Current.CancellationToken).Faces[0];
        Assert.InRange(reference.DistanceTo(face.Embedding), 0.05f, 0.5f);
        Assert.Equal(1, reference.Values.ToArray().Sum(value => value * value), 1e-4f);
        Assert.Equal(reference.ToBytes(), fixture.Engine.EmbedReference(portrait, face).ToBytes());
    }

    [Theory]
    [InlineData(RotateMode.Rotate90)]
    [InlineData(RotateMode.Rotate270)]
    public void A_portrait_stored_on_its_side_gives_the_same_reference(RotateMode angle)
    {
        var upright = Read(Portrait()).Embedding!;

        var turned = Read(TestPictures.Edit(Portrait(), picture => picture.Rotate(angle), quality: 100)).Embedding!;

        Assert.InRange(turned.DistanceTo(upright), 0, 0.25f);
    }

    [Fact]
    public void The_face_index_counts_from_left_to_right()
    {
        var photo = EngineFixture.ReadSample(1);

        var faces = Read(photo).Faces;

        Assert.Equal(faces.OrderBy(face => face.X), faces);
        for (var i = 0; i < faces.Count; i++)
        {
            var analysis = Read(photo, i);
            Assert.Null(analysis.Problem);
            Assert.Equal(faces[i], analysis.Box);
        }

        Assert.Equal(ReferenceProblem.NoSuchFace, Read(photo, faces.Count).Problem);
        Assert.Equal(ReferenceProblem.NoSuchFace, Read(photo, -1).Problem);
    }

    [Fact]
    public void A_photo_without_a_face_is_rejected()
    {
        var analysis = Read(TestPictures.Png(320, 200));

        Assert.Equal(ReferenceProblem.NoFace, analysis.Problem);
        Assert.Empty(analysis.Faces);
        Assert.Equal((320, 200), (analysis.Width, analysis.Height));
    }

    [Fact]
    public void A_face_too_small_for_a_reference_is_rejected()
    {
        var photo = PhotoRendering.ToJpeg(EngineFixture.ReadSample(1), maxSide: 320);

        var analysis = Read(photo, face: 0);

        Assert.Equal(ReferenceProblem.FaceTooSmall, analysis.Problem);
        Assert.NotNull(analysis.Box);
        Assert.Null(analysis.Embedding);
    }

    [Fact]
    public void Poor_photos_have_a_lower_quality_and_a_warning_with_advice()
    {
        var photo = EngineFixture.ReadSample(6);
        var best = Enumerable.Range(0, Read(photo).Faces.Count).MaxBy(face => Read(photo, face).Quality);

        var good = Read(photo, best);
        var blurred = Read(TestPictures.Edit(photo, picture => picture.GaussianBlur(10)), best);
        var dark = Read(TestPictures.Edit(photo, picture => picture.Darken(4)), best);

        Assert.Empty(good.Warnings);
        Assert.True(good.Quality > 0.8f);
        Assert.Contains("The picture is blurred: hold the camera still.", blurred.Warnings);
        Assert.True(blurred.Quality < good.Quality / 2);
        Assert.Contains("The picture is too dark: turn towards the light.", dark.Warnings);
        Assert.True(dark.Quality < good.Quality / 2);
    }

    [Fact]
    public void An_unrecognizable_face_is_rejected_with_a_reason()
    {
        var photo = EngineFixture.ReadSample(6);
        var best = Enumerable.Range(0, Read(photo).Faces.Count).MaxBy(face => Read(photo, face).Quality);

        var analysis = Read(TestPictures.Edit(photo, picture => picture.Darken(8.3f)), best);

        Assert.Equal(ReferenceProblem.Unclear, analysis.Problem);
        Assert.Null(analysis.Embedding);
        Assert.Contains("The picture is too dark: turn towards the light.", analysis.Warnings);
    }

    private ReferenceAnalysis Read(byte[] photo, int? face = null) =>
        fixture.Engine.AnalyzeReference(photo, face, TestContext.Current.CancellationToken);

    // One face of a demo photo, with a margin around it.
    private byte[] Portrait()
    {
        var photo = EngineFixture.ReadSample(2);
        var box = fixture.Engine.Analyze(photo, TestContext.Current.CancellationToken).Faces[0].Box;
        var margin = box.Width / 2;
        var crop = new Rectangle((int)(box.X - margin), (int)(box.Y - margin), (int)(box.Width + (2 * margin)), (int)(box.Height + (2 * margin)));
        return TestPictures.Edit(photo, picture => picture.Crop(Rectangle.Intersect(crop, new Rectangle(Point.Empty, picture.GetCurrentSize()))), quality: 100);
    }
}
