// ws on Node, with its native add-on bufferutil.
import { WebSocketServer } from "ws";

const rooms = new Map();
const server = new WebSocketServer({ port: Number(process.argv[2]), host: "127.0.0.1", perMessageDeflate: false });

server.on("connection", (socket) => {
  let members;
  socket.on("message", (text) => {
    if (members) {
      for (const member of members) member.send(text, { binary: false });
      socket.send("ok");
      return;
    }
    const room = text.toString();
    members = rooms.get(room) ?? new Set();
    rooms.set(room, members.add(socket));
    socket.send("joined");
  });
  socket.on("close", () => members?.delete(socket));
});
