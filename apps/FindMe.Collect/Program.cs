// search_request → list a page of the source → write it to the state store → one tweet_image a photo.
using FindMe.Collect;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.Services.AddAlbums();
builder.Services.AddSingleton<IPhotoSource, AlbumSource>();
builder.Services.AddSingleton<SearchPages>();
builder.Services.AddSingleton<PhotoWaves>();
builder.Services.AddSingleton<FailedPhotos>();
builder.Services.AddDeadLetters();

var app = builder.Build();

app.MapAppDefaults();
app.MapSearchRequests();
app.MapDeadLetters();

app.Run();
