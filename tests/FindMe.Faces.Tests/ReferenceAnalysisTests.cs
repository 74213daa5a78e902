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
}
