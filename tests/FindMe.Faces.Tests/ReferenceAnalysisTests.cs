using SixLabors.ImageSharp.Processing;

namespace FindMe.Faces.Tests;

public sealed class ReferenceAnalysisTests(EngineFixture fixture)
{
    [Fact]
    public void Every_reference_of_the_events_is_usable_without_saying_which_face()
    {
        var references = Directory.GetFiles(Checkouts.Shared("scenario"), "ref*.*", SearchOption.AllDirectories);

        Assert.NotEmpty(references);
        Assert.All(references, reference =>
        {
            var reading = Read(File.ReadAllBytes(reference));
            Assert.Null(reading.Problem);
            Assert.NotNull(reading.Embedding);
            Assert.InRange(reading.Quality, 0.01f, 1f);
        });
    }

    [Fact]
    public void A_photo_of_a_group_asks_which_face_is_meant()
    {
        var groups = Directory.GetFiles(Checkouts.Shared("eval", "groups"));

        Assert.NotEmpty(groups);
        Assert.All(groups, group =>
        {
            var reading = Read(File.ReadAllBytes(group));
            Assert.Equal(ReferenceProblem.SeveralFaces, reading.Problem);
            Assert.True(reading.Faces.Count > 1);
            Assert.Null(reading.Embedding);
        });
    }

    [Fact]
    public void The_index_chooses_from_left_to_right()
    {
        var photo = EngineFixture.ReadSample(1);

        var faces = Read(photo).Faces;

        Assert.Equal(faces.OrderBy(face => face.X), faces);
        for (var i = 0; i < faces.Count; i++)
        {
            var reading = Read(photo, i);
            Assert.Null(reading.Problem);
            Assert.Equal(faces[i], reading.Box);
        }

        Assert.Equal(ReferenceProblem.NoSuchFace, Read(photo, faces.Count).Problem);
        Assert.Equal(ReferenceProblem.NoSuchFace, Read(photo, -1).Problem);
    }

    [Fact]
    public void A_photo_without_a_face_says_so()
    {
        var reading = Read(TestPictures.Png(320, 200));

        Assert.Equal(ReferenceProblem.NoFace, reading.Problem);
        Assert.Empty(reading.Faces);
        Assert.Equal((320, 200), (reading.Width, reading.Height));
    }

    [Fact]
    public void A_face_too_small_for_a_reference_is_refused()
    {
        var photo = PhotoRendering.ToJpeg(EngineFixture.ReadSample(1), maxSide: 320);

        var reading = Read(photo, face: 0);

        Assert.Equal(ReferenceProblem.FaceTooSmall, reading.Problem);
        Assert.NotNull(reading.Box);
        Assert.Null(reading.Embedding);
    }

    [Fact]
    public void What_a_person_can_do_better_is_said_and_lowers_the_quality()
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
    public void A_face_that_cannot_be_made_out_is_refused_and_says_why()
    {
        var photo = EngineFixture.ReadSample(6);
        var best = Enumerable.Range(0, Read(photo).Faces.Count).MaxBy(face => Read(photo, face).Quality);

        var reading = Read(TestPictures.Edit(photo, picture => picture.Darken(8.3f)), best);

        Assert.Equal(ReferenceProblem.Unclear, reading.Problem);
        Assert.Null(reading.Embedding);
        Assert.Contains("The picture is too dark: turn towards the light.", reading.Warnings);
    }

    private ReferenceAnalysis Read(byte[] photo, int? face = null) =>
        fixture.Engine.ReadReference(photo, face, TestContext.Current.CancellationToken);
}
