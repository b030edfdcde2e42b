// Socket.IO on Node, WebSocket transport only, with ws's native add-on bufferutil.
import { Server } from "socket.io";

const server = new Server({ transports: ["websocket"], serveClient: false });

server.on("connection", (socket) => {
  socket.on("join", (room, answer) => {
    socket.join(room);
    answer("joined");
  });
  socket.on("post", (room, body, answer) => {
    server.to(room).emit("message", body);
    answer("ok");
  });
});

server.listen(Number(process.argv[2]));
