using SixLabors.ImageSharp.Processing;

namespace FindMe.Faces.Tests;

public sealed class FaceEngineTests(EngineFixture fixture)
{
    [Fact]
    public void The_face_engine_references_neither_ASP_NET_nor_the_pipeline() =>
        Assert.DoesNotContain(
            typeof(FaceEngine).Assembly.GetReferencedAssemblies(),
            reference => reference.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                || reference.Name.StartsWith("FindMe", StringComparison.Ordinal)
                || reference.Name.StartsWith("Dapr", StringComparison.Ordinal));

    [Fact]
    public void The_recipe_identifies_the_model_and_the_alignment() =>
        Assert.Matches("^face_embedding-[0-9a-f]{8}/five-point-1-[0-9a-f]{8}$", fixture.Engine.Recipe);

    [Fact]
    public void Boxes_lie_inside_the_photo_and_landmarks_near_their_box()
    {
        var photo = fixture.Engine.Analyze(EngineFixture.ReadSample(1), TestContext.Current.CancellationToken);

        Assert.Equal((1920, 1280), (photo.Width, photo.Height));
        Assert.Equal(3, photo.Faces.Count);
        Assert.All(photo.Faces, face =>
        {
            Assert.InRange(face.Box.X, 0, photo.Width);
            Assert.InRange(face.Box.Y, 0, photo.Height);
            Assert.InRange(face.Box.X + face.Box.Width, 0, photo.Width);
            Assert.InRange(face.Box.Y + face.Box.Height, 0, photo.Height);
            var nose = face.Landmarks.Points[30];
            Assert.InRange(nose.X, face.Box.X, face.Box.X + face.Box.Width);
            Assert.InRange(nose.Y, face.Box.Y, face.Box.Y + face.Box.Height);
        });
    }

    [Fact]
    public void Everyone_in_a_group_is_nearest_to_themselves()
    {
        var photo = fixture.Engine.Analyze(EngineFixture.ReadSample(5), TestContext.Current.CancellationToken);

        foreach (var face in photo.Faces)
        {
            Assert.Equal(0, face.Embedding.DistanceTo(face.Embedding));
            Assert.All(photo.Faces.Where(other => other != face), other => Assert.True(other.Embedding.DistanceTo(face.Embedding) > fixture.Engine.MatchDistance));
        }
    }

    [Fact]
    public void Many_threads_get_the_same_result_as_one()
    {
        var photos = Enumerable.Range(1, 6).Select(EngineFixture.ReadSample).ToArray();
        var alone = Array.ConvertAll(photos, photo => fixture.Engine.Analyze(photo, TestContext.Current.CancellationToken));

        var together = new AnalyzedPhoto[photos.Length * 2];
        var threads = Enumerable.Range(0, together.Length).Select(i => new Thread(() =>
            together[i] = fixture.Engine.Analyze(photos[i % photos.Length], CancellationToken.None))).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        for (var i = 0; i < together.Length; i++)
        {
            var (expected, actual) = (alone[i % alone.Length].Faces, together[i].Faces);
            Assert.Equal(expected.Select(face => (face.Box, face.Score)), actual.Select(face => (face.Box, face.Score)));
            Assert.Equal(expected.SelectMany(face => face.Embedding.ToBytes()), actual.SelectMany(face => face.Embedding.ToBytes()));
        }
    }

    [Fact]
    public void Analysis_does_not_modify_the_photo()
    {
        var photo = EngineFixture.ReadSample(2);

        fixture.Engine.Analyze(photo, TestContext.Current.CancellationToken);

        Assert.Equal(EngineFixture.ReadSample(2), photo);
    }

    [Fact]
    public void A_cancelled_analysis_stops() =>
        Assert.ThrowsAny<OperationCanceledException>(
            () => fixture.Engine.Analyze(EngineFixture.ReadSample(1), new CancellationToken(canceled: true)));

    [Theory]
    [InlineData(RotateMode.Rotate90)]
    [InlineData(RotateMode.Rotate270)]
    public void A_photo_stored_on_its_side_is_searched_rotated(RotateMode angle)
    {
        var photo = EngineFixture.ReadSample(6);
        var upright = fixture.Engine.Analyze(photo, TestContext.Current.CancellationToken);

        var turned = fixture.Engine.Analyze(TestPictures.Edit(photo, picture => picture.Rotate(angle)), TestContext.Current.CancellationToken);

        Assert.Equal((upright.Height, upright.Width), (turned.Width, turned.Height));
        Assert.All(upright.Faces, face =>
        {
            var (x, y) = (face.Box.X + (face.Box.Width / 2), face.Box.Y + (face.Box.Height / 2));
            (x, y) = angle == RotateMode.Rotate90 ? (upright.Height - y, x) : (y, upright.Width - x);
            var nearest = turned.Faces.MinBy(other => other.Embedding.DistanceTo(face.Embedding))!;
            Assert.InRange(nearest.Embedding.DistanceTo(face.Embedding), 0, 0.8f);
            Assert.InRange(x, nearest.Box.X, nearest.Box.X + nearest.Box.Width);
            Assert.InRange(y, nearest.Box.Y, nearest.Box.Y + nearest.Box.Height);
        });
    }

    [Fact]
    public void A_rotated_photo_gives_the_same_face_as_the_upright_one()
    {
        var upright = fixture.Engine.Analyze(SharedPhotos.Read("eval", "exif", "portrait.jpg"), TestContext.Current.CancellationToken);
        var turned = fixture.Engine.Analyze(
            SharedPhotos.Read("eval", "exif", "portrait-orientation-6.jpg"),
            TestContext.Current.CancellationToken);

        Assert.Equal((upright.Width, upright.Height), (turned.Width, turned.Height));
        Assert.Equal(upright.Faces.Count, turned.Faces.Count);
        Assert.True(upright.Faces[0].Box.OverlapWith(turned.Faces[0].Box) > 0.95f);

        // Both were compressed separately, so their pixels differ slightly.
        Assert.InRange(upright.Faces[0].Embedding.DistanceTo(turned.Faces[0].Embedding), 0, 0.2f);
    }
}
